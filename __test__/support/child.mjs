// Runs a fixture, a script or any command in a process of its own.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const KILL_AFTER_MS = 30_000; // so that a process that hangs does not hang the suite

// The environment is the given one and nothing else: certificates and tokens of this machine stay out.
export function runFixture(name, env, nodeArgs) {
  return runScript(fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url)), env, nodeArgs);
}

// The same with a file anywhere.
export function runScript(path, env, nodeArgs = []) {
  return runCommand(process.execPath, [...nodeArgs, path], { env: { PATH: process.env.PATH, ...env } });
}

/**
 * Runs a command to its end. `withDescendants`: after `killAfterMs` the processes that it has started are killed too. A
 * test runner that is killed alone leaves its workers running, and they keep its output open.
 */
export function runCommand(command, args, { env, cwd, killAfterMs = KILL_AFTER_MS, withDescendants = false }) {
  // Windows has no groups of processes.
  const group = withDescendants && process.platform !== 'win32';
  const child = spawn(command, args, { env, cwd, detached: group, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) child[stream].setEncoding('utf8').on('data', (text) => { output[stream] += text; });
  const timer = setTimeout(() => (group ? process.kill(-child.pid, 'SIGKILL') : child.kill('SIGKILL')), killAfterMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, ...output });
    });
  });
}
