// The publish protocol: what is accepted, what is refused, and what is found afterwards through Studio's API.
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';

import { TOKEN } from './support/collector.mjs';
import { collectorFor, duckdb, test, testOnStores } from './support/test.mjs';
import { annotations, span } from './support/wire.mjs';

const headers = { authorization: `Bearer ${TOKEN}` };

testOnStores('every signal is stored, and found by what Studio asks', async (t, store) => {
  const collector = await collectorFor(t, store);
  const root = span();
  const { logs, metrics, scores, feedback } = annotations(root.traceId, root.spanId);
  const publish = (signal, record) => collector.publish(signal, [record]);
  const answers = [
    await publish('spans', root),
    await publish('logs', logs),
    await publish('metrics', metrics),
    await publish('scores', scores),
    await publish('feedback', feedback),
  ];
  for (const answer of answers) assert.deepEqual(answer, { status: 200, stored: 1, unsupported: 0, refused: 0 });

  const { spans } = await collector.api(`/traces/${root.traceId}`);
  assert.deepEqual(spans.map(({ spanId, input, output }) => ({ spanId, input, output })), [
    { spanId: root.spanId, input: root.input, output: root.output },
  ]);
  assert.equal((await collector.api('/logs')).logs[0].message, logs.message);
  assert.equal((await collector.api('/metrics')).metrics[0].value, metrics.value);
  assert.equal((await collector.api(`/traces/${root.traceId}/${root.spanId}/scores`)).scores[0].score, scores.score);
  assert.equal((await collector.api(`/feedback?traceId=${root.traceId}`)).feedback[0].comment, feedback.comment);
});

testOnStores("the Scores tab of a trace shows its scores, a span's only its own", async (t, store) => {
  const collector = await collectorFor(t, store);
  const root = span();
  const child = span({ traceId: root.traceId, parentSpanId: root.spanId, name: 'llm', spanType: 'model_generation' });
  await collector.publish('spans', [root, child]);
  const ofTrace = { ...annotations(root.traceId, undefined).scores, scorerId: 'of-the-trace' };
  const ofChild = { ...annotations(root.traceId, child.spanId).scores, scorerId: 'of-the-child' };
  await collector.publish('scores', [ofTrace, ofChild]);
  const scorers = async spanId =>
    (await collector.api(`/traces/${root.traceId}/${spanId}/scores`)).scores.map(({ scorerId }) => scorerId).sort();
  assert.deepEqual(await scorers(root.spanId), ['of-the-child', 'of-the-trace']);
  assert.deepEqual(await scorers(child.spanId), ['of-the-child']);
});

testOnStores('the project of the URL is kept with every record and can be filtered on', async (t, store) => {
  const collector = await collectorFor(t, store);
  const ours = span();
  const theirs = span();
  await collector.publish('spans', [ours], 'shop%20eu');
  await collector.publish('spans', [theirs], 'other');
  for (const [signal, record] of Object.entries(annotations(ours.traceId, ours.spanId))) {
    await collector.publish(signal, [record], 'shop%20eu');
  }
  const timeRange = { from: new Date(Date.now() - 3_600_000).toISOString(), to: new Date(Date.now() + 60_000).toISOString() };
  const where = { op: 'eq', left: { path: 'metadata.mastraProjectId' }, right: { literal: 'shop eu' } };
  const { traces } = await collector.api('/traces/query', { timeRange, where });
  assert.deepEqual(traces.map(({ traceId }) => traceId), [ours.traceId]);
  for (const signal of ['logs', 'metrics', 'scores', 'feedback']) {
    const { [signal]: [record] } = await collector.api(`/${signal}`);
    assert.equal(record.metadata.mastraProjectId, 'shop eu', signal);
  }
});

test('what is not a publish request is refused with a reason', async t => {
  const collector = await collectorFor(t, await duckdb(t));
  const publish = (body, init = {}) => collector.request('/ai/spans/publish', { method: 'POST', headers, body, ...init });
  const refused = async (response, status, reason) => {
    assert.equal((await response).status, status);
    assert.match((await (await response).json()).error, reason);
  };
  await refused(publish('{'), 400, /not JSON/);
  await refused(publish('{"logs":[]}'), 400, /no list "spans"/);
  await refused(publish('null'), 400, /no list "spans"/);
  await refused(publish('x', { headers: { ...headers, 'content-encoding': 'gzip' } }), 400, /cannot be read/);
  await refused(publish('x', { headers: { ...headers, 'content-encoding': 'br' } }), 415, /gzip/);
  await refused(collector.request('/ai/spans/publish', { headers }), 405, /POST/);
  await refused(publish('{"spans":[]}', { headers: {} }), 401, /token/);
  await refused(publish('{"spans":[]}', { headers: { authorization: `Bearer ${TOKEN}x` } }), 401, /token/);
  await refused(publish('{"spans":[]}', { headers: { authorization: TOKEN } }), 401, /token/);
});

test('an empty batch, which asks whether a quota is free again, is answered 200', async t => {
  const collector = await collectorFor(t, await duckdb(t));
  assert.deepEqual(await collector.publish('spans', []), { status: 200, stored: 0, unsupported: 0, refused: 0 });
  const response = await collector.request('/ai/spans/publish', { method: 'POST', headers });
  assert.equal(response.status, 200);
});

test('gzip is accepted; more than 64 MiB is answered 413, also when only unpacking shows it', async t => {
  const collector = await collectorFor(t, await duckdb(t));
  const publish = (body, encoding) =>
    collector.request('/ai/spans/publish', { method: 'POST', headers: { ...headers, ...encoding }, body });
  const gzip = { 'content-encoding': 'gzip' };
  const packed = await publish(gzipSync(JSON.stringify({ spans: [span()] })), gzip);
  assert.deepEqual(await packed.json(), { stored: 1, unsupported: 0, refused: 0 });

  const limit = 64 * 1024 * 1024;
  /** Nothing but a record that is too large on its own. */
  const padded = size => Buffer.from(`{"spans":["${'x'.repeat(size - 14)}"]}`);
  assert.deepEqual(await (await publish(padded(limit))).json(), {
    stored: 0, unsupported: 0, refused: 1, reason: `has ${limit - 12} bytes of JSON: 16777216 are allowed`,
  });
  assert.equal((await publish(padded(limit + 1))).status, 413);
  assert.equal((await publish(gzipSync(padded(limit + 1)), gzip)).status, 413);
  const body = new Blob([padded(limit + 1)]).stream();
  const response = await collector.request('/ai/spans/publish', { method: 'POST', headers, body, duplex: 'half' });
  assert.equal(response.status, 413, 'a body without a length');
});
