// A batch that is sent again, because its answer was lost, is stored once.
import assert from 'node:assert/strict';

import { startCollector } from './support/collector.mjs';
import { countSpans } from './support/rows.mjs';
import { collectorFor, duckdb, test, testOnStores } from './support/test.mjs';
import { annotations, span } from './support/wire.mjs';

testOnStores('every signal, again and at the same time', async (t, store) => {
  const collector = await collectorFor(t, store);
  const spans = [span(), span(), span({ endedAt: null, endTime: undefined })];
  const [{ traceId, spanId }] = spans;
  const twice = async (signal, records) => {
    await Promise.all([collector.publish(signal, records), collector.publish(signal, records)]);
    assert.equal((await collector.publish(signal, [...records, ...records])).status, 200, signal);
  };
  await twice('spans', spans);
  for (const [signal, record] of Object.entries(annotations(traceId, spanId))) {
    const { logId, metricId, scoreId, feedbackId, ...withoutId } = record;
    await twice(signal, [record, withoutId]);
    const { pagination } = await collector.api(`/${signal}`);
    assert.equal(pagination.total, 2, `${signal}: one with an id and one without`);
  }
  for (const one of spans) assert.equal((await collector.api(`/traces/${one.traceId}`)).spans.length, 1);
  const { rows } = await countSpans(collector, store);
  assert.equal(rows, store[0] === '--data' ? 5 : 3, 'rows, of which DuckDB has one more for each end');
});

test('a span that is sent running and then ended, ends', async t => {
  const collector = await collectorFor(t, await duckdb(t));
  const ended = span();
  await collector.publish('spans', [{ ...ended, endedAt: null, endTime: undefined }]);
  assert.equal((await collector.api(`/traces/${ended.traceId}`)).spans[0].endedAt, null);
  await collector.publish('spans', [ended]);
  assert.equal((await collector.api(`/traces/${ended.traceId}`)).spans[0].endedAt, ended.endedAt);
});

testOnStores('a restart forgets nothing, neither what is stored nor what to leave out', async (t, store) => {
  const spans = [span(), span()];
  const before = await startCollector(store);
  await before.publish('spans', spans);
  assert.equal(await before.stop(), 0);

  const after = await collectorFor(t, store);
  const { spans: listed } = await after.api('/traces/light');
  assert.deepEqual(listed.map(({ traceId }) => traceId).sort(), spans.map(({ traceId }) => traceId).sort());
  await after.publish('spans', spans);
  assert.equal((await countSpans(after, store)).rows, store[0] === '--data' ? 4 : 2);
});

testOnStores('a collector that is killed loses nothing that it answered for', async (t, store) => {
  const spans = Array.from({ length: 50 }, () => span());
  const before = await startCollector(store);
  assert.equal((await before.publish('spans', spans)).stored, 50);
  await before.stop('SIGKILL');
  const after = await collectorFor(t, store);
  assert.equal((await after.api('/traces/light?perPage=1')).pagination.total, 50);
});
