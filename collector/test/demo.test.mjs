// The demo with Studio: a collector of its own has the traces, until Ctrl-C.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { test } from './support/test.mjs';

const MAIN = fileURLToPath(new URL('../../examples/demo/main.mjs', import.meta.url));
/** The token of the demo, if none is given. */
const TOKEN = 'demo-token';

/** The output of a process until a line matches. */
async function lineOf(child, pattern) {
  for await (const line of createInterface({ input: child.stdout })) {
    const match = pattern.exec(line);
    if (match) return match[1];
  }
  throw new Error(`the demo ended without ${pattern}`);
}

test('npm run demo -- --studio: Studio has the traces, and Ctrl-C ends the demo and its collector', async t => {
  const demo = spawn(process.execPath, [MAIN, '--studio'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(demo, 'exit');
  t.after(() => demo.kill('SIGKILL'));
  const url = await lineOf(demo, /^The traces are in Mastra Studio: (http:\S+)\/traces /);
  const api = `${url}/api/observability/traces`;
  const response = await fetch(api, { headers: { authorization: `Bearer ${TOKEN}` } });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  assert.ok(JSON.parse(text).spans.length > 0, text);
  demo.kill('SIGINT');
  assert.deepEqual(await ended, [0, null]);
  await assert.rejects(fetch(api));
});
