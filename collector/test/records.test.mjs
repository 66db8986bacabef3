// A bad record costs only itself.
import assert from 'node:assert/strict';

import { CloudExporter } from '../../dist/index.js';
import { TOKEN } from './support/collector.mjs';
import { SPANS_PER_TRACE, exportTraces } from './support/load.mjs';
import { query } from './support/postgres.mjs';
import { collectorFor, test, testOnPostgres, testOnStores } from './support/test.mjs';
import { annotations, span } from './support/wire.mjs';

testOnStores('NUL characters and lone surrogates are replaced, in keys too', async (t, store) => {
  const collector = await collectorFor(t, store);
  const bad = 'a\0b\ud800c\udfffd😀';
  const good = 'a\uFFFDb\uFFFDc\uFFFDd😀';
  const root = span({ name: bad, input: { [bad]: [bad] }, output: bad, metadata: { userId: bad }, attributes: { agentId: bad } });
  const { logs, scores } = annotations(root.traceId, root.spanId);
  const outcomes = [
    await collector.publish('spans', [root]),
    await collector.publish('logs', [{ ...logs, message: bad, data: { [bad]: bad } }]),
    await collector.publish('scores', [{ ...scores, reason: bad }]),
  ];
  assert.deepEqual(outcomes.map(({ status, stored }) => [status, stored]), [[200, 1], [200, 1], [200, 1]]);
  const { spans: [stored] } = await collector.api(`/traces/${root.traceId}`);
  assert.equal(stored.name, good);
  assert.equal(stored.userId, good);
  assert.deepEqual([stored.input, stored.output, stored.attributes], [{ [good]: [good] }, good, { agentId: good }]);
  const { logs: [log] } = await collector.api('/logs');
  assert.deepEqual([log.message, log.data], [good, { [good]: good }]);
});

testOnStores('records that lack what a store needs are refused alone, and counted', async (t, store) => {
  const collector = await collectorFor(t, store);
  const good = [span(), span()];
  const bad = [null, 7, {}, span({ traceId: undefined }), span({ name: 3 }), span({ startedAt: 'soon' }), span({ endedAt: 'later' })];
  const answer = await collector.publish('spans', [good[0], ...bad, good[1]]);
  assert.deepEqual(answer, { status: 200, stored: 2, unsupported: 0, refused: bad.length, reason: 'is not an object' });
  for (const { traceId } of good) assert.equal((await collector.api(`/traces/${traceId}`)).spans.length, 1);
  assert.match(collector.output.stderr, /7 of 9 spans refused; the first: is not an object/);

  const { logs, metrics, scores, feedback } = annotations(good[0].traceId, good[0].spanId);
  for (const [signal, record, broken] of [
    ['logs', logs, { message: undefined }],
    ['metrics', metrics, { value: 'one' }],
    ['scores', scores, { score: null }],
    ['feedback', feedback, { feedbackType: undefined }],
    ['logs', { ...logs, logId: 'second' }, { timestamp: undefined }],
  ]) {
    const { status, stored, refused } = await collector.publish(signal, [{ ...record, ...broken }, record]);
    assert.deepEqual([status, stored, refused], [200, 1, 1], signal);
  }
});

testOnStores('nesting too deep to be written as JSON costs the record', async (t, store) => {
  const collector = await collectorFor(t, store);
  const good = span();
  const deep = span({ input: 'DEEP' });
  const body = JSON.stringify({ spans: [good, deep] }).replace('"DEEP"', '['.repeat(100_000) + ']'.repeat(100_000));
  for (const text of [body, body.replace('On its way', 'On its \\u0000way')]) {
    const response = await collector.request('/ai/spans/publish', {
      method: 'POST', body: text, headers: { authorization: 'Bearer token-of-the-tests' },
    });
    assert.deepEqual([response.status, (await response.json()).refused], [200, 1]);
  }
  assert.equal((await collector.api(`/traces/${good.traceId}`)).spans.length, 1);
});

// Postgres keeps a table for each day from yesterday on: this is what a store refuses though nothing is wrong with it.
testOnPostgres('a batch of which the store refuses some is stored but for those', async (t, store) => {
  const collector = await collectorFor(t, store);
  const long = '2001-01-01T00:00:00.000Z';
  const old = span({ startTime: long, startedAt: long, endTime: long, endedAt: long });
  const good = [span(), span()];
  const { reason, ...answer } = await collector.publish('spans', [good[0], old, good[1]]);
  assert.deepEqual(answer, { status: 200, stored: 2, unsupported: 0, refused: 1 });
  assert.match(reason, /^no partition of relation "mastra_span_events"/);
  assert.match(collector.output.stderr, /1 of 3 spans refused; the first: no partition/);
  const [{ count }] = await query(store[1], 'SELECT count(*) FROM mastra_span_events');
  assert.equal(Number(count), 2);
});

testOnPostgres('a store that does not work is answered 503, so that exporters keep what they have', async (t, store) => {
  const collector = await collectorFor(t, store);
  // Mastra makes tables that are missing when it starts. That is over when it has stored something.
  assert.equal((await collector.publish('spans', [span()])).status, 200);
  await query(store[1], 'ALTER TABLE mastra_span_events RENAME TO away');
  const batch = [span(), span(), span(), span()];
  assert.equal((await collector.publish('spans', batch)).status, 503);
  assert.equal((await collector.publish('spans', batch.slice(1, 2))).status, 503);
  await query(store[1], 'ALTER TABLE away RENAME TO mastra_span_events');
  assert.deepEqual(await collector.publish('spans', batch), { status: 200, stored: 4, unsupported: 0, refused: 0 });
});

testOnPostgres('an exporter keeps its records while the store does not work, and they are stored once', async (t, store) => {
  const collector = await collectorFor(t, store);
  assert.equal((await collector.publish('spans', [span()])).status, 200);
  await query(store[1], 'ALTER TABLE mastra_span_events RENAME TO away');
  const exporter = new CloudExporter({ accessToken: TOKEN, endpoint: collector.url, logLevel: 'error' });
  await exportTraces(exporter, 1, { shutdown: false });
  await exporter.flush();
  assert.equal(exporter.stats().traces.delivered, 0);
  assert.match(exporter.stats().lastError?.cause ?? '', /503/);
  await query(store[1], 'ALTER TABLE away RENAME TO mastra_span_events');
  await exporter.shutdown();
  assert.equal(exporter.stats().traces.delivered, SPANS_PER_TRACE);
  const [{ rows, spans }] = await query(store[1], 'SELECT count(*)::int AS rows, count(DISTINCT "spanId")::int AS spans FROM mastra_span_events');
  assert.deepEqual([rows, spans], [SPANS_PER_TRACE + 1, SPANS_PER_TRACE + 1]);
});

test('what a store cannot do at all is not kept and not an error', async () => {
  const { ObservabilityStorage } = await import('@mastra/core/storage');
  const { Writer } = await import('../src/writer.mjs');
  // Mastra's base class is a store that lacks every signal.
  const writer = new Writer({ observability: new ObservabilityStorage(), writers: 1, isAboutData: () => false });
  for (const signal of ['spans', 'logs', 'metrics', 'scores', 'feedback']) {
    assert.equal(await writer.write(signal, [{}, {}], assert.fail), 'unsupported', signal);
  }
});

test('among records that fail, those are bad after which one is stored', async () => {
  const { Writer } = await import('../src/writer.mjs');
  const stored = [];
  let down = false;
  const observability = {
    async batchCreateLogs({ logs }) {
      if (down || logs.some(({ bad }) => bad)) throw new Error('it says nothing about why');
      stored.push(...logs);
    },
  };
  const writer = new Writer({ observability, writers: 1, isAboutData: () => false });
  const refused = [];
  const write = records => writer.write('logs', records, error => refused.push(error));
  await write([{ bad: true }, { id: 1 }, { bad: true }, { bad: true }, { id: 2 }]);
  assert.deepEqual([stored.length, refused.length], [2, 3]);
  await assert.rejects(write([{ id: 3 }, { bad: true }]), /says nothing/, 'the last one may be the store');
  down = true;
  await assert.rejects(write([{ id: 4 }, { id: 5 }, { id: 6 }, { id: 7 }]), /says nothing/);
  assert.equal(refused.length, 3);
});
