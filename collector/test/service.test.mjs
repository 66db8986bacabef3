// Two services are told apart though their spans do not say which they are of.
import assert from 'node:assert/strict';

import { collectorFor, testOnStores } from './support/test.mjs';
import { annotations, span } from './support/wire.mjs';

/** The traces of a service, as Studio's filter asks for them. */
async function tracesOf(collector, service) {
  const timeRange = { from: new Date(Date.now() - 3_600_000).toISOString(), to: new Date(Date.now() + 60_000).toISOString() };
  const where = { op: 'eq', left: { path: 'metadata.serviceName' }, right: { literal: service } };
  const { traces } = await collector.api('/traces/query', { timeRange, where });
  return traces.map(({ traceId }) => traceId).sort();
}

testOnStores('spans have the service that logs and metrics of their trace carry, whichever comes first', async (t, store) => {
  const collector = await collectorFor(t, store);
  /** A trace of two spans, and what Mastra sends beside it. */
  const run = serviceName => {
    const root = span();
    const child = span({ traceId: root.traceId, parentSpanId: root.spanId, spanType: 'tool_call' });
    const { metrics, logs } = annotations(root.traceId, root.spanId);
    const correlationContext = { traceId: root.traceId, serviceName };
    return { ids: [root.traceId], spans: [child, root], metrics: { ...metrics, correlationContext }, logs: { ...logs, correlationContext } };
  };
  const before = run('shop');
  await collector.publish('metrics', [before.metrics]);
  await collector.publish('spans', before.spans);
  const shop = [...before.ids];
  // Spans that lie in ClickHouse are not changed: there the name has to come first.
  if (store[1].startsWith('clickhouse')) return assert.deepEqual(await tracesOf(collector, 'shop'), shop);
  const after = run('billing');
  await collector.publish('spans', after.spans);
  await collector.publish('logs', [after.logs]);
  const between = run('shop');
  await collector.publish('spans', between.spans.slice(0, 1));
  await collector.publish('metrics', [between.metrics]);
  await collector.publish('spans', between.spans.slice(1));
  const atOnce = Array.from({ length: 10 }, () => run('stock'));
  await Promise.all(atOnce.flatMap(({ spans, metrics, logs }) =>
    [collector.publish('spans', spans), collector.publish('metrics', [metrics]), collector.publish('logs', [logs])]));
  const said = run('shop');
  said.spans = said.spans.map(one => ({ ...one, metadata: { serviceName: 'says-itself' } }));
  await collector.publish('metrics', [said.metrics]);
  await collector.publish('spans', said.spans);

  const { spans: [stored] } = await collector.api(`/traces/${after.ids[0]}`);
  assert.equal(collector.output.stderr, '');
  assert.deepEqual([stored.serviceName, stored.metadata], ['billing', { runId: 'r-1', serviceName: 'billing' }]);
  assert.deepEqual(await tracesOf(collector, 'shop'), [...shop, ...between.ids].sort());
  assert.deepEqual(await tracesOf(collector, 'billing'), after.ids);
  assert.deepEqual(await tracesOf(collector, 'stock'), atOnce.flatMap(({ ids }) => ids).sort());
  assert.deepEqual(await tracesOf(collector, 'says-itself'), said.ids, 'what a span says itself counts');
  const { serviceNames } = await collector.api('/discovery/service-names');
  assert.deepEqual([...serviceNames].sort(), ['billing', 'says-itself', 'shop', 'stock']);
});
