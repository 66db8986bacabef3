// Starts an application that serves requests, sends it one request, and ends it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { startCollector } from '../../../examples/demo/collector.mjs';
import { settings } from './project.mjs';

const KILL_AFTER_MS = 180_000; // so that a server that hangs does not hang the suite

/**
 * Asserts that a command starts a server, that it answers, and that the spans `names` of that request have arrived when
 * it has ended well after SIGTERM.
 * @param {object} options
 * @param {RegExp} options.ready  what it prints when it can be asked
 * @param {string} options.path  what is asked
 * @param {RequestInit} [options.request]
 * @param {[number | null, string | null]} [options.end]  exit code and signal of one that ends well; 0 by default
 */
export async function assertServes(project, [program, ...args], { ready, path, request, names, env, end = [0, null] }) {
  const [collector, port] = await Promise.all([startCollector(), freePort()]);
  const child = spawn(program, args, {
    cwd: project.directory,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...settings(collector), PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    killSignal: 'SIGKILL',
    timeout: KILL_AFTER_MS,
  });
  const ended = once(child, 'close');
  try {
    const printed = await output(child, ready);
    const answer = await fetch(`http://localhost:${port}${path}`, request);
    assert.equal(answer.status, 200, `${await answer.text()}\n${printed()}`);
    child.kill('SIGTERM');
    assert.deepEqual(await ended, end, printed());
    const arrived = collector.records('spans').map(({ name }) => name);
    assert.deepEqual(arrived.sort(), [...names].sort(), printed());
  } finally {
    child.kill('SIGKILL');
    await ended;
    await collector.close();
  }
}

/** Waits until the child has printed `ready`; answers a function for all that it has printed by then. */
function output(child, ready) {
  let text = '';
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
        if (ready.test(text)) resolve(() => text);
      });
    }
    child.once('close', (code, signal) => reject(new Error(`ended with ${code ?? signal} before it was ready\n${text}`)));
  });
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
