// Stored records equal those that Mastra's own storage exporter stores for the same run, field by field.
import assert from 'node:assert/strict';
import { join } from 'node:path';

import { InMemoryStore, MastraCompositeStore } from '@mastra/core/storage';
import { DuckDBStore } from '@mastra/duckdb';
import { MastraStorageExporter } from '@mastra/observability';

import { CloudExporter } from '../../dist/index.js';
import { createApp } from '../../examples/demo/app.mjs';
import { openStore } from '../src/store.mjs';
import { clickhouseRows } from './support/clickhouse.mjs';
import { TOKEN, startCollector } from './support/collector.mjs';
import { query } from './support/postgres.mjs';
import { isPostgres } from './support/rows.mjs';
import { temporaryDirectory, testOnStores } from './support/test.mjs';

testOnStores('the demo application, stored by both in one run', async (t, store) => {
  const isFile = store[0] === '--data';
  const other = isFile ? join(await temporaryDirectory(t), 'peer.duckdb') : `${store[1]}_peer`;
  const make = isPostgres(store) ? query : clickhouseRows;
  if (!isFile) await make(store[1], `CREATE DATABASE ${new URL(other).pathname.slice(1)}`);
  const open = place => openStore(isFile ? `file:${place}` : place, undefined);

  const collector = await startCollector(store);
  const peer = await open(other);
  const domains = { observability: peer.observability };
  const storage = new MastraCompositeStore({ id: 'peer', default: new InMemoryStore(), domains });
  const exporters = [new CloudExporter({ accessToken: TOKEN, endpoint: collector.url }), new MastraStorageExporter()];
  const app = createApp({ exporters, storage });
  await app.run();
  await app.mastra.shutdown();
  await collector.stop();
  await peer.close();

  const [ours, theirs] = [await everything(await open(store[1])), await everything(await open(other))];
  // DuckDB's file has a row for the start and one for the end of a span, and a read that folds them takes either where
  // both have the same millisecond. The storage exporter writes the first before the span has run, so the spans are
  // compared as they ended.
  const ends = async place => isFile && { spans: await endRows(place) };
  assert.deepEqual(withoutService({ ...ours, ...(await ends(store[1])) }), withoutService({ ...theirs, ...(await ends(other)) }));
  assert.equal(ours.spans.length, theirs.spans.length);
  for (const [signal, records] of Object.entries(ours)) assert.ok(records.length > 0, signal);
});

/** The spans that a cloud exporter sends at all: Mastra's leave out the chunks of a model's answer. */
const isSent = ({ spanType }) => spanType !== 'model_chunk';
const by = key => (a, b) => (a[key] < b[key] ? -1 : 1);

/** Spans without the name of their service: the collector adds it (service.test.mjs), Mastra's exporter does not. */
function withoutService({ spans, ...others }) {
  const stripped = spans.map(({ serviceName, metadata, ...span }) => {
    const { serviceName: _, ...rest } = (typeof metadata === 'string' ? JSON.parse(metadata) : metadata) ?? {};
    return { ...span, metadata: rest };
  });
  return { spans: stripped, ...others };
}

/** All records of a store, each with all its fields, in the order of their ids. The store is closed. */
async function everything({ observability, close }) {
  const pagination = { page: 0, perPage: 100 };
  const { spans: roots } = await observability.listTraces({ pagination });
  const traces = await Promise.all(roots.map(({ traceId }) => observability.getTrace({ traceId })));
  const all = {
    spans: traces.flatMap(({ spans }) => spans).filter(isSent).sort(by('spanId')),
    logs: (await observability.listLogs({ pagination })).logs.sort(by('logId')),
    metrics: (await observability.listMetrics({ pagination })).metrics.sort(by('metricId')),
    scores: (await observability.listScores({ pagination })).scores.sort(by('scoreId')),
    feedback: (await observability.listFeedback({ pagination })).feedback.sort(by('feedbackId')),
  };
  await close();
  return all;
}

/** The ends of spans as they lie in a DuckDB file. @returns {Promise<object[]>} */
async function endRows(path) {
  const { db } = new DuckDBStore({ path });
  const rows = await db.query("SELECT * EXCLUDE (cursorId) FROM span_events WHERE eventType = 'end'");
  await db.close();
  return rows.filter(isSent).sort(by('spanId'));
}
