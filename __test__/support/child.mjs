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

export function runCommand(command, args, { env, cwd, killAfterMs = KILL_AFTER_MS }) {
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) child[stream].setEncoding('utf8').on('data', (text) => { output[stream] += text; });
  const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, ...output });
    });
  });
}
