// A fixture in a process of its own that can be waited for, signalled, and timed from the moment it begins to end.
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const KILL_AFTER_MS = 60_000; // so that a process that hangs does not hang the suite; its signal is then SIGKILL

/** In a fixture: prints a line for the parent. Synchronous, because the next statement may end the process. */
export const say = (line) => writeSync(1, `${line}\n`);

/** In a fixture: prints the last line before the process begins to end. The parent measures the time from here. */
export const ENDING = 'ending';

/**
 * Starts a fixture. The environment is only the given one, without certificates and tokens of this machine.
 * `ended` resolves to `{ code, signal, stdout, stderr, heldMs }`; `heldMs` counts from the line `ending` or from `kill`.
 */
export function startFixture(name, env, { nodeArgs = [], shell, killAfterMs = KILL_AFTER_MS } = {}) {
  const path = fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
  const command = [process.execPath, ...nodeArgs, path];
  // `shell`: commands before it, in the same process.
  const [file, ...args] = shell ? ['/bin/sh', '-c', `${shell}; exec "$@"`, 'sh', ...command] : command;
  const child = spawn(file, args, { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  const waiters = new Set();
  let endingAtMs;
  let endedAtMs;

  child.stdout.setEncoding('utf8').on('data', (text) => {
    output.stdout += text;
    if (output.stdout.includes(`${ENDING}\n`)) endingAtMs ??= performance.now();
    for (const waiter of waiters) waiter();
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output.stderr += text;
    for (const waiter of waiters) waiter();
  });
  // The time ends with the process. `close` comes later, when the output has been read.
  child.once('exit', () => { endedAtMs = performance.now(); });
  const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      for (const waiter of waiters) waiter();
      resolve({ code, signal, ...output, heldMs: endedAtMs - endingAtMs });
    });
  });

  const until = (holds, what) => new Promise((resolve, reject) => {
    const check = () => {
      if (holds()) resolve();
      else if (child.exitCode === null && child.signalCode === null) return;
      else reject(new Error(`the child ended without "${what}": ${JSON.stringify(output)}`));
      waiters.delete(check);
    };
    waiters.add(check);
    check();
  });

  return {
    ended,
    /** Resolves when the child has printed the line. Rejects when the child ended without it. */
    said: (line) => until(() => output.stdout.split('\n').includes(line), line),
    /** The same for a text that matches, on either stream. */
    wrote: (pattern) => until(() => pattern.test(output.stdout + output.stderr), pattern),
    kill(signal) {
      endingAtMs = performance.now();
      child.kill(signal);
    },
  };
}

/** Runs a fixture that ends by itself. */
export const runToEnd = (name, env, options) => startFixture(name, env, options).ended;
