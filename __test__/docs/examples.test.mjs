// The examples run, and their spans arrive.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startCollector } from '../../examples/demo/collector.mjs';

const example = (path) => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));

let collector;
beforeEach(async () => { collector = await startCollector(); });
afterEach(() => collector.close());

/** Runs a program to its end with the token and address of the collector; returns what it printed. */
async function run(...args) {
  const env = { ...process.env, MASTRA_PLATFORM_ACCESS_TOKEN: 'token', MASTRA_CLOUD_TRACES_ENDPOINT: collector.url, MASTRA_TELEMETRY_DISABLED: '1' };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += chunk; });
  const [code, signal] = await once(child, 'close');
  assert.ok(code === 0 || signal === 'SIGKILL', output);
  return output;
}

const names = () => collector.requests.flatMap(({ body }) => body.spans ?? []).map(({ name }) => name);

test('minimal', async () => {
  const output = await run(example('minimal/app.mjs'));
  const [, accepted, delivered] = /spans: (\d+) accepted, (\d+) delivered \{\}/.exec(output);
  assert.ok(Number(accepted) > 0);
  assert.equal(delivered, accepted);
  assert.equal(names().length, Number(accepted));
});

test('worker', async () => {
  assert.match(await run(example('worker/main.mjs')), /the worker has ended its span/);
  assert.deepEqual(names(), ['job']);
});

test('lambda', async () => {
  // The platform freezes the process after the answer: nothing that comes later may help.
  const call = `import { handler } from ${JSON.stringify(new URL('../../examples/lambda/handler.mjs', import.meta.url).href)};
    const answer = await handler({ prompt: 'hi' });
    process.stdout.write(JSON.stringify(answer), () => process.kill(process.pid, 'SIGKILL'));`;
  assert.match(await run('--input-type=module', '--eval', call), /\{"text":"You said: hi"\}/);
  assert.deepEqual(names(), ['request']);
});
