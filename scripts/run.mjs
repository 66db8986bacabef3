// Runs a command for a script. A failure of the command is an error of the script.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** npm is a script on Windows. A program needs no shell, which would split its path at spaces and allow 8,191 characters. */
const needsShell = (command) => process.platform === 'win32' && !command.endsWith('.exe');

/**
 * Runs a command in the repository. Its output is shown, or returned with `stdio: 'pipe'`.
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
    shell: needsShell(command),
    ...options,
  });
  if (error) throw new Error(`${command} cannot be started: ${error.message}`, { cause: error });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stdout ?? ''}${stderr ?? ''}`);
  return stdout ?? '';
}

/**
 * Runs a command in the repository without blocking, so that several can run at the same time.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, show?: boolean, mayFail?: boolean }} [options]  `show`: prints as it goes
 * @returns {Promise<{ code: number | null, output: string }>} what it printed, on both streams, if not shown
 * @throws {Error} if it cannot be started, or fails and must not, with what it printed
 */
export async function start(command, args, { cwd = ROOT, env, show = false, mayFail = false } = {}) {
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: show ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    shell: needsShell(command),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => { output += text; });
  const [code] = await once(child, 'close');
  if (code !== 0 && !mayFail) throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${output}`);
  return { code, output };
}
