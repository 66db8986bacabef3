import { DuckDBStore } from '@mastra/duckdb';

import { rootCause } from './store-error.mjs';

/** How DuckDB begins messages about values; an `IO Error` or a full disk begins otherwise. */
const ABOUT_DATA = /^(Conversion|Constraint|Invalid Input|Out of Range|Parser) Error/;

/**
 * A DuckDB file. One process at a time can have it open.
 * @param {string} path
 * @returns {import('./store.mjs').Store}
 */
export function openDuckDB(path) {
  const { observability, db } = new DuckDBStore({ path });
  const init = observability.init.bind(observability);
  /** @type {Promise<void> | undefined} */
  let made;
  // Once: Studio asks for it again at its first request, and two that change the same table at once fail.
  observability.init = () => (made ??= init());
  const create = observability.batchCreateSpans.bind(observability);
  observability.batchCreateSpans = async ({ records }) => create({ records: await unknownSpans(db, records) });
  return {
    name: `DuckDB file ${path}`,
    observability,
    // One, because looking for known spans and adding the others is not one transaction.
    writers: 1,
    isAboutData: error => ABOUT_DATA.test(rootCause(error).message),
    close: () => db.close(),
  };
}

/**
 * Leaves out what is stored already. The file is a log of starts and ends of spans: Mastra's reads fold what belongs to
 * one span, but a batch that is sent again would be written again, and stay.
 * @template {{ traceId: string, spanId: string, startedAt: Date, endedAt?: Date | null | undefined }} T
 * @param {import('@mastra/duckdb').DuckDBConnection} db
 * @param {T[]} records
 * @returns {Promise<T[]>}
 */
async function unknownSpans(db, records) {
  const times = records.flatMap(({ startedAt, endedAt }) => [startedAt.getTime(), (endedAt ?? startedAt).getTime()]);
  // The span of time is what makes this cheap in a large file: DuckDB keeps the least and the greatest of each block.
  const rows = await db.query(
    `SELECT traceId, spanId, eventType FROM span_events WHERE timestamp BETWEEN ? AND ?
     AND spanId IN (${records.map(() => '?').join(', ')})`,
    [new Date(Math.min(...times)), new Date(Math.max(...times)), ...records.map(({ spanId }) => spanId)],
  );
  const known = new Set(rows.map(({ traceId, spanId, eventType }) => `${traceId} ${spanId} ${eventType}`));
  return records.filter(({ traceId, spanId, endedAt }) => {
    const key = `${traceId} ${spanId} ${endedAt ? 'end' : 'start'}`;
    return known.size !== known.add(key).size;
  });
}
