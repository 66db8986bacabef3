import { BIGINT, LIST, VARCHAR, listValue } from '@duckdb/node-api';

import { SpanRows, areKnown, eventsOf, isPlain } from './span-rows.mjs';

/** @typedef {import('@duckdb/node-api').DuckDBConnection} Connection */
/** @typedef {import('./span-rows.mjs').StoreRecord} StoreRecord */
/** @typedef {import('./span-rows.mjs').SpanEvent} SpanEvent */

const TABLE = 'span_events';

/**
 * Stores spans through DuckDB's appender. Mastra writes them as text of an INSERT, which takes DuckDB longer to read
 * than to store.
 *
 * The appender is inside a transaction: what it writes stays in memory until the commit, and the commit runs on a thread of
 * DuckDB. Outside of one, the appender would wait for the disk on the event loop.
 */
export class SpanAppender {
  #db;
  #otherwise;
  /** @type {Promise<{ connection: Connection, rows: SpanRows | undefined }> | undefined} */
  #opened;

  /**
   * @param {import('@mastra/duckdb').DuckDBConnection} db
   * @param {(records: any[]) => Promise<void>} otherwise  Mastra's way, for tables and values that are not known here
   */
  constructor(db, otherwise) {
    this.#db = db;
    this.#otherwise = otherwise;
  }

  /**
   * Stores what is not stored yet, all or nothing. One call at a time: the look for known spans and the rest are one
   * transaction, but two transactions do not see each other's spans.
   * @param {StoreRecord[]} records
   */
  async store(records) {
    const { connection, rows } = await (this.#opened ??= this.#open());
    if (rows && records.every(isPlain)) return this.#append(connection, rows, records);
    const unknown = new Set((await unknownEvents(connection, records)).map(({ record }) => record));
    await this.#otherwise([...unknown]);
  }

  async #open() {
    const connection = /** @type {Connection} */ (await this.#db.getConnection());
    const columns = /** @type {import('./span-rows.mjs').Column[]} */ (await this.#db.query(
      `SELECT column_name AS name, data_type AS type FROM duckdb_columns() WHERE table_name = '${TABLE}' ORDER BY column_index`,
    ));
    return { connection, rows: areKnown(columns) ? new SpanRows(columns) : undefined };
  }

  /** @param {Connection} connection @param {SpanRows} rows @param {StoreRecord[]} records */
  async #append(connection, rows, records) {
    await connection.run('BEGIN TRANSACTION');
    try {
      const events = await unknownEvents(connection, records);
      const cursorIds = await reserveCursorIds(connection, events.length);
      const appender = await connection.createAppender(TABLE);
      events.forEach((event, index) => appendRow(appender, rows.row(event, /** @type {bigint} */ (cursorIds[index]))));
      appender.closeSync();
      await connection.run('COMMIT');
    } catch (error) {
      await connection.run('ROLLBACK').catch(() => {});
      throw error;
    }
  }
}

/**
 * The rows that are not in the table. It is a log of starts and ends of spans: Mastra's reads fold what belongs to one
 * span, but what is written twice stays twice.
 * @param {Connection} connection
 * @param {StoreRecord[]} records
 * @returns {Promise<SpanEvent[]>}
 */
async function unknownEvents(connection, records) {
  const times = records.flatMap(({ startedAt, endedAt }) => [startedAt.getTime(), (endedAt ?? startedAt).getTime()]);
  // The span of time is what makes this cheap in a large file: DuckDB keeps the least and the greatest of each block.
  const result = await connection.runAndReadAll(
    `SELECT traceId, spanId, eventType FROM ${TABLE}
     WHERE timestamp BETWEEN epoch_ms($1::BIGINT) AND epoch_ms($2::BIGINT) AND spanId IN (SELECT unnest($3))`,
    [BigInt(Math.min(...times)), BigInt(Math.max(...times)), listValue(records.map(({ spanId }) => spanId))],
    [BIGINT, BIGINT, LIST(VARCHAR)],
  );
  const known = new Set(result.getRows().map(row => row.join(' ')));
  return records.flatMap(eventsOf).filter(({ record, eventType }) => {
    const key = `${record['traceId']} ${record['spanId']} ${eventType}`;
    return known.size !== known.add(key).size;
  });
}

/** @param {Connection} connection @param {number} count @returns {Promise<bigint[]>} as Mastra would give them, ascending */
async function reserveCursorIds(connection, count) {
  const result = await connection.runAndReadAll(
    `SELECT nextval('${TABLE}_cursor_id_seq') AS cursorId FROM range($1::BIGINT) ORDER BY cursorId`, [BigInt(count)],
  );
  return result.getRows().map(([cursorId]) => /** @type {bigint} */ (cursorId));
}

/** @param {import('@duckdb/node-api').DuckDBAppender} appender @param {import('./span-rows.mjs').Value[]} row */
function appendRow(appender, row) {
  for (const value of row) {
    if (value === null) appender.appendNull();
    else if (typeof value === 'string') appender.appendVarchar(value);
    else if (typeof value === 'bigint') appender.appendBigInt(value);
    else if (typeof value === 'boolean') appender.appendBoolean(value);
    else appender.appendTimestamp(value);
  }
  appender.endRow();
}
