// Several collectors behind one load balancer, over one Postgres.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

import { CloudExporter } from '../../dist/index.js';
import { createApp } from '../../examples/demo/app.mjs';
import { TOKEN } from './support/collector.mjs';
import { query } from './support/postgres.mjs';
import { collectorFor, testOnPostgres } from './support/test.mjs';
import { annotations, span } from './support/wire.mjs';

/** The smallest load balancer: one connection to this one, the next to the other. */
async function balance(t, urls) {
  let turn = 0;
  const taken = urls.map(() => 0);
  const server = createServer(client => {
    const index = turn++ % urls.length;
    taken[index]++;
    const upstream = connect(Number(new URL(urls[index]).port), '127.0.0.1');
    client.pipe(upstream).pipe(client);
    for (const [one, other] of [[client, upstream], [upstream, client]]) {
      one.on('error', () => {}).on('close', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${server.address().port}`, taken };
}

testOnPostgres('two collectors are one: either shows what the other stored, and a batch sent to both is stored once', async (t, store) => {
  // They make the same tables at the same time.
  const collectors = await Promise.all([collectorFor(t, store), collectorFor(t, store)]);
  const { url, taken } = await balance(t, collectors.map(collector => collector.url));

  const spans = Array.from({ length: 40 }, () => span());
  const headers = { authorization: `Bearer ${TOKEN}`, connection: 'close' };
  const publish = batch => fetch(`${url}/ai/spans/publish`, { method: 'POST', headers, body: JSON.stringify({ spans: batch }) });
  const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => publish(spans.slice(i * 5, i * 5 + 5))));
  const again = await Promise.all([publish(spans), publish(spans)]);
  for (const answer of [...answers, ...again]) assert.equal(answer.status, 200);

  // A real app through the same address: at each of the two its traces are whole.
  const app = createApp({ exporters: [new CloudExporter({ accessToken: TOKEN, endpoint: url, maxBatchSize: 5 })] });
  await app.run();
  await app.mastra.shutdown();

  assert.ok(taken.every(count => count >= 5), `connections: ${taken}`);
  const stored = collectors.map(collector => collector.request('/healthz').then(response => response.json()));
  for (const { records } of await Promise.all(stored)) assert.ok(records.stored > 0);
  const lists = await Promise.all(collectors.map(collector => collector.api('/traces/light?perPage=100')));
  // A cursor says from when on a list is, and each was asked for at its own time.
  assert.deepEqual(lists[0].spans, lists[1].spans);
  assert.equal(lists[0].pagination.total, 44);
  const [{ count, distinct }] = await query(store[1],
    'SELECT count(*)::int AS count, count(DISTINCT "spanId")::int AS distinct FROM mastra_span_events');
  assert.equal(count, distinct);
});

testOnPostgres('two collectors do not share the names of services: one that has seen none stores a span without', async (t, store) => {
  const [first, second] = await Promise.all([collectorFor(t, store), collectorFor(t, store)]);
  const { traceId, spanId, ...rest } = span();
  const { metrics } = annotations(traceId, spanId);
  await first.publish('metrics', [{ ...metrics, correlationContext: { traceId, serviceName: 'shop' } }]);
  const named = span({ traceId });
  await second.publish('spans', [{ ...rest, traceId, spanId }]);
  await first.publish('spans', [named]);
  const { spans } = await first.api(`/traces/${traceId}`);
  assert.deepEqual(new Map(spans.map(one => [one.spanId, one.serviceName])), new Map([[spanId, null], [named.spanId, 'shop']]));
  const said = span({ traceId, metadata: { serviceName: 'shop' } });
  await second.publish('spans', [said]);
  const after = (await second.api(`/traces/${traceId}`)).spans.find(one => one.spanId === said.spanId);
  assert.equal(after.serviceName, 'shop', 'the metadata of the run gives it');
});
