// The table of limits in the README: what is at a limit is accepted, what is beyond it is answered as the table says.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';

import { TOKEN, startCollector } from './support/collector.mjs';
import { collectorFor, duckdb, test } from './support/test.mjs';
import { span } from './support/wire.mjs';

const MIB = 1024 * 1024;
const headers = { authorization: `Bearer ${TOKEN}` };

/** A span whose JSON has a number of bytes. */
function ofBytes(bytes) {
  const empty = { ...span(), input: '' };
  return { ...empty, input: 'x'.repeat(bytes - JSON.stringify(empty).length) };
}

/** The number of values of any kind in JSON, the outermost one among them. */
const valuesOf = value => 1 + (typeof value === 'object' && value !== null ? Object.values(value).reduce((sum, item) => sum + valuesOf(item), 0) : 0);

/** A span with a number of values. */
function ofValues(values) {
  const empty = { ...span(), input: [] };
  return { ...empty, input: Array(values - valuesOf(empty)).fill(0) };
}

/** The same of empty lists, which count twice. */
function ofEmptyLists(values) {
  const empty = { ...span(), input: [] };
  const rest = values - valuesOf(empty);
  return { ...empty, input: [...Array(rest >> 1).fill([]), ...Array(rest % 2).fill(0)] };
}

/** A span that is nested a number of levels deep. */
function ofLevels(levels) {
  let input = [];
  for (let level = 2; level < levels; level++) input = [input];
  return { ...span(), input };
}

/** A span with a number of fields of its own. */
function ofFields(fields) {
  const base = span();
  const more = Array.from({ length: fields - Object.keys(base).length }, (_, index) => [`field${index}`, index]);
  return { ...base, ...Object.fromEntries(more) };
}

test('a record at a limit is stored, one beyond it is refused alone', async t => {
  const collector = await collectorFor(t, await duckdb(t));
  for (const [name, of, limit, reason] of [
    ['bytes', ofBytes, 16 * MIB, /^has 16777217 bytes of JSON: 16777216 are allowed$/],
    ['values', ofValues, 50_000, /^has 50001 values: 50000 are allowed$/],
    ['empty lists', ofEmptyLists, 50_000, /^has 50001 values: 50000 are allowed$/],
    ['levels', ofLevels, 500, /^is nested 501 levels deep: 500 are allowed$/],
    ['fields', ofFields, 1000, /^has 1001 fields: 1000 are allowed$/],
  ]) {
    const batch = [span(), of(limit), of(limit + 1), span()];
    const { reason: said, ...answer } = await collector.publish('spans', batch);
    assert.deepEqual(answer, { status: 200, stored: 3, unsupported: 0, refused: 1 }, `${name}: ${said}`);
    assert.match(said, reason);
    for (const [index, { traceId }] of batch.entries()) {
      const { status } = await collector.request(`/api/observability/traces/${traceId}`);
      assert.equal(status, index === 2 ? 404 : 200, `${name}: record ${index}`);
    }
  }
});

test('50,000 records in a body are read, one more is answered 413', async t => {
  const collector = await collectorFor(t, await duckdb(t));
  const { status, refused } = await collector.publish('spans', Array(50_000).fill({}));
  assert.deepEqual([status, refused], [200, 50_000]);
  assert.equal((await collector.publish('spans', Array(50_001).fill({}))).status, 413);
});

/** A body of which a part is sent. */
function begin(url, text, sent) {
  const request = httpRequest(`${url}/ai/spans/publish`, {
    method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(text) }, agent: false,
  });
  const answered = once(request, 'response').then(([response]) => response.resume().statusCode);
  request.on('error', () => {});
  request.write(text.slice(0, sent));
  return { request, answered, finish: () => request.end(text.slice(sent)) };
}

test('128 MiB of bodies are in memory at most: the newest is answered 503, the others are read to their end', async t => {
  const collector = await collectorFor(t, await duckdb(t));
  const bodyBytes = async () => Number(/^mastra_collector_body_bytes (\d+)$/m.exec(await (await collector.request('/metrics')).text())?.[1]);
  const text = `{"spans":["${'x'.repeat(60 * MIB)}"]}`;
  const first = begin(collector.url, text, 59 * MIB);
  const second = begin(collector.url, text, 59 * MIB);
  while (await bodyBytes() < 118 * MIB) assert.ok(await bodyBytes() <= 128 * MIB);
  const third = begin(collector.url, text, 20 * MIB);
  assert.equal(await third.answered, 503);
  third.request.destroy();
  for (const body of [first, second]) {
    body.finish();
    assert.equal(await body.answered, 200);
  }
  assert.equal(await bodyBytes(), 0);
});

/** A value of NODE_OPTIONS that makes a minute of the server last a second: Node measures this time outside of JavaScript. */
const FAST_SERVER = `--import "data:text/javascript,${encodeURIComponent(`
  import http from 'node:http';
  import { syncBuiltinESMExports } from 'node:module';
  const create = http.createServer;
  http.createServer = ({ requestTimeout, connectionsCheckingInterval, ...options }, handler) =>
    create({ ...options, requestTimeout: requestTimeout / 60, connectionsCheckingInterval: Math.round(connectionsCheckingInterval / 60) }, handler);
  syncBuiltinESMExports();
`)}"`;

test('a body that comes all the time, but not to its end within the limit, is answered 408', async t => {
  const collector = await startCollector(await duckdb(t), { MASTRA_CLOUD_ACCESS_TOKEN: TOKEN, NODE_OPTIONS: FAST_SERVER });
  t.after(() => collector.stop());
  const { request, answered } = begin(collector.url, `{"spans":["${'x'.repeat(MIB)}"]}`, 20);
  const dripping = setInterval(() => request.write('x'), 20);
  const status = await answered.finally(() => clearInterval(dripping));
  request.destroy();
  assert.equal(status, 408);
  assert.equal((await collector.publish('spans', [span()])).stored, 1);
});
