// What the scripts share: running a command so that its failure is theirs.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Runs a command in the repository, with its output shown or, with `stdio: 'pipe'`, answered.
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @returns {string} what it printed, if piped
 * @throws {Error} if it cannot be started or fails, with what it printed
 */
export function run(command, args, options) {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: 'inherit',
    // npm is a script on Windows.
    shell: process.platform === 'win32',
    ...options,
  });
  if (error) throw new Error(`${command} cannot be started: ${error.message}`, { cause: error });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stdout ?? ''}${stderr ?? ''}`);
  return stdout ?? '';
}
