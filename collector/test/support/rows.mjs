import { clickhouseRows } from './clickhouse.mjs';
import { query } from './postgres.mjs';

/**
 * Counts the spans as they lie in the store. A DuckDB file has one process, so the collector is stopped for that.
 * @param {{ stop: () => Promise<unknown> }} collector
 * @param {string[]} store
 * @returns {Promise<{ rows: number, spans: number }>} rows, and the different spans among them
 */
export async function countSpans(collector, [kind, place]) {
  if (isPostgres([kind, place])) {
    return (await query(place, 'SELECT count(*)::int AS rows, count(DISTINCT "spanId")::int AS spans FROM mastra_span_events'))[0];
  }
  if (kind === '--store') {
    return (await clickhouseRows(place, 'SELECT count() AS rows, uniqExact(spanId) AS spans FROM mastra_span_events FINAL'))[0];
  }
  const { DuckDBStore } = await import('@mastra/duckdb');
  await collector.stop();
  const { db } = new DuckDBStore({ path: place });
  const [{ rows, spans }] = await db.query('SELECT count(*) AS rows, count(DISTINCT spanId) AS spans FROM span_events');
  await db.close();
  return { rows, spans };
}

/** @param {string[]} store */
export function isPostgres([, place]) {
  return place.startsWith('postgres:');
}
