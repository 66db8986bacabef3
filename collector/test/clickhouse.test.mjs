// The behaviour of ClickHouse's store beyond that of every store. This is ClickHouse's engine, not its server.
import assert from 'node:assert/strict';

import { buildRecord } from '../src/records.mjs';
import { openStore } from '../src/store.mjs';
import { clickhouseRows } from './support/clickhouse.mjs';
import { collectorFor, testOnClickHouse } from './support/test.mjs';
import { startCollector } from './support/collector.mjs';
import { annotations, span } from './support/wire.mjs';

const DAY_MS = 86_400_000;

testOnClickHouse('a record that was sent again is summed once', async (t, store) => {
  const collector = await collectorFor(t, store);
  const { traceId, spanId } = span();
  const { metrics } = annotations(traceId, spanId);
  for (let times = 0; times < 3; times++) await collector.publish('metrics', [{ ...metrics, value: 5 }]);
  const { value } = await collector.api('/metrics/aggregate', { name: [metrics.name], aggregation: 'sum' });
  assert.equal(value, 5);
  const [{ rows }] = await clickhouseRows(store[1], 'SELECT count() AS rows FROM mastra_metric_events');
  assert.ok(Number(rows) > 1, 'the server has merged them, which this test has to come before');
});

testOnClickHouse('a retention is set, changed and taken back', async (t, store) => {
  const limits = async () => {
    const tables = await clickhouseRows(store[1],
      "SELECT name, extract(create_table_query, 'TTL (.*?) SETTINGS') AS ttl FROM system.tables WHERE database = currentDatabase() AND ttl <> ''");
    return tables.map(({ name, ttl }) => `${name} ${ttl}`);
  };
  const start = async days => {
    const { close } = await openStore(store[1], days && days * DAY_MS);
    await close();
  };
  await start();
  const own = await limits();
  assert.ok(own.length > 0 && own.every(line => /_delta /.test(line)), own.join('\n'));
  for (const [retention, days] of [[1.5, 2], [7, 7]]) {
    await start(retention);
    const set = (await limits()).filter(line => !/_delta /.test(line));
    assert.equal(set.length, 7);
    for (const line of set) assert.match(line, new RegExp(`toIntervalDay\\(${days}\\)$`));
  }
  await start();
  assert.deepEqual(await limits(), own);
});

testOnClickHouse('a batch over 150 days is stored at once', async (t, store) => {
  const collector = await collectorFor(t, store);
  const spans = Array.from({ length: 150 }, (_, day) => {
    const time = new Date(Date.now() - day * DAY_MS).toISOString();
    return span({ startTime: time, startedAt: time, endTime: time, endedAt: time });
  });
  const inserts = async () => {
    const [{ value }] = await clickhouseRows(store[1], "SELECT value FROM system.events WHERE event = 'InsertQuery'");
    return Number(value);
  };
  const before = await inserts();
  assert.equal((await collector.publish('spans', spans)).stored, 150);
  assert.ok((await inserts()) - before < 20, 'not one by one');
  assert.equal((await collector.api('/traces/light?perPage=1')).pagination.total, 150);
});

testOnClickHouse('the first start without Keeper says nothing of it', async (t, store) => {
  const collector = await startCollector(store);
  await collector.request('/healthz');
  assert.equal(await collector.stop(), 0);
  assert.equal(collector.output.stderr, '');
});

testOnClickHouse('feedback is reviewed; scores, feedback and traces are deleted', async (t, [, url]) => {
  const { observability: store, close } = await openStore(url, undefined);
  t.after(close);
  const [kept, gone] = [span(), span()].map(wire => buildRecord('spans', wire, undefined));
  const of = ({ traceId, spanId }) => annotations(traceId, spanId);
  const build = (signal, wire) => buildRecord(signal, wire, undefined);
  await store.batchCreateSpans({ records: [kept, gone] });
  const [first, second, third] = [of(kept), of(kept), of(gone)];
  const feedbacks = [first, second, third].map(({ feedback }) => build('feedback', feedback));
  await store.batchCreateFeedback({ feedbacks });
  await store.batchCreateScores({ scores: [first, second, third].map(({ scores }) => build('scores', scores)) });
  await store.batchCreateLogs({ logs: [first, third].map(({ logs }) => build('logs', logs)) });
  await store.batchCreateMetrics({ metrics: [first, third].map(({ metrics }) => build('metrics', metrics)) });
  const statuses = async () => Object.fromEntries((await store.listFeedback({})).feedback.map(one => [one.feedbackId, one.reviewStatus]));
  const [reviewedId, otherId, goneId] = feedbacks.map(({ feedbackId }) => feedbackId);

  const reviewed = await store.updateFeedbackReviewStatus({ feedbackId: reviewedId, reviewStatus: 'reviewed' });
  assert.deepEqual([reviewed.feedbackId, reviewed.reviewStatus], [reviewedId, 'reviewed']);
  await store.batchCreateFeedback({ feedbacks: feedbacks.slice(0, 1) });
  assert.deepEqual(await statuses(), { [reviewedId]: 'reviewed', [otherId]: 'needs-review', [goneId]: 'needs-review' }, 'also after it was sent again');
  await assert.rejects(store.updateFeedbackReviewStatus({ feedbackId: 'none', reviewStatus: 'reviewed' }), /there is no feedback none/);

  await store.deleteFeedback({ feedbackIds: [otherId] });
  await store.deleteScores({ scoreIds: [second.scores.scoreId], organizationId: 'another one' });
  assert.equal((await store.listScores({})).scores.length, 3, 'a score of nobody is not one of another organization');
  await store.deleteScores({ scoreIds: [second.scores.scoreId] });
  await store.batchDeleteTraces({ traceIds: [gone.traceId] });
  assert.deepEqual(await statuses(), { [reviewedId]: 'reviewed' });
  assert.equal(await store.getTrace({ traceId: gone.traceId }), null);
  for (const [method, signal] of [['listScores', 'scores'], ['listLogs', 'logs'], ['listMetrics', 'metrics'], ['listTracesLight', 'spans'], ['listBranches', 'branches']]) {
    assert.deepEqual((await store[method]({}))[signal].map(({ traceId }) => traceId), [kept.traceId], signal);
  }
});
