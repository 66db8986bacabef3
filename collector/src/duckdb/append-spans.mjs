import { BIGINT, LIST, VARCHAR, listValue } from '@duckdb/node-api';

import { Slices } from '../slices.mjs';
import { SpanRows, areKnown, eventsOf, isPlain } from './span-rows.mjs';

/** @typedef {import('@duckdb/node-api').DuckDBConnection} Connection */
/** @typedef {import('@duckdb/node-api').DuckDBPreparedStatement} Prepared */
/** @typedef {import('@duckdb/node-api').DuckDBAppender} Appender */
/** @typedef {import('./span-rows.mjs').StoreRecord} StoreRecord */
/** @typedef {import('./span-rows.mjs').SpanEvent} SpanEvent */

const TABLE = 'span_events';

/**
 * The range of time makes this query cheap in a large file: DuckDB keeps the least and the greatest time of each block.
 */
const KNOWN = `SELECT traceId, spanId, eventType FROM ${TABLE}
  WHERE timestamp BETWEEN epoch_ms($1) AND epoch_ms($2) AND spanId IN (SELECT unnest($3))`;

/** Takes cursor ids. They follow one another, because one batch at a time is stored and nothing else takes any. */
const CURSOR_IDS = `SELECT min(cursorId), max(cursorId) FROM (SELECT nextval('${TABLE}_cursor_id_seq') AS cursorId FROM range($1))`;

/** The length of the texts after which the appender hands its rows to the transaction: 16 MiB take 30 ms. */
const FLUSH_UNITS = 4 * 1024 * 1024;

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
  /** @type {ReturnType<typeof open> | undefined} */
  #opened;
  /** Kept from batch to batch: the buffers of one that is let go stay until the garbage collector comes. @type {Appender | undefined} */
  #appender;
  #slices = new Slices();

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
    const { connection, known, cursorIds, columns } = await (this.#opened ??= open(this.#db));
    if (columns === undefined || !records.every(isPlain)) {
      const unknown = new Set((await unknownEvents(known, records)).map(({ record }) => record));
      return this.#otherwise([...unknown]);
    }
    await connection.run('BEGIN TRANSACTION');
    try {
      const events = await unknownEvents(known, records);
      const first = events.length > 0 ? await reserve(cursorIds, events.length) : 0n;
      this.#appender ??= await connection.createAppender(TABLE);
      await this.#slices.run(appendEvents(this.#appender, new SpanRows(columns), events, first));
      await connection.run('COMMIT');
    } catch (error) {
      this.#discardAppender();
      await connection.run('ROLLBACK').catch(() => {});
      throw error;
    }
  }

  /** Inside of the transaction, because an appender that is closed or collected writes what it still has. */
  #discardAppender() {
    try {
      this.#appender?.closeSync();
    } catch {
      // The appender has failed before, so closing it may fail too.
    }
    this.#appender = undefined;
  }
}

/** @param {import('@mastra/duckdb').DuckDBConnection} db */
async function open(db) {
  const connection = /** @type {Connection} */ (await db.getConnection());
  const columns = /** @type {import('./span-rows.mjs').Column[]} */ (await db.query(
    `SELECT column_name AS name, data_type AS type FROM duckdb_columns() WHERE table_name = '${TABLE}' ORDER BY column_index`,
  ));
  return {
    connection,
    known: await connection.prepare(KNOWN),
    cursorIds: await connection.prepare(CURSOR_IDS),
    columns: areKnown(columns) ? columns : undefined,
  };
}

/**
 * The rows that are not in the table. It is a log of starts and ends of spans: Mastra's reads fold what belongs to one
 * span, but what is written twice stays twice.
 * @param {Prepared} statement
 * @param {StoreRecord[]} records
 * @returns {Promise<SpanEvent[]>}
 */
async function unknownEvents(statement, records) {
  const times = records.flatMap(({ startedAt, endedAt }) => [startedAt.getTime(), (endedAt ?? startedAt).getTime()]);
  const ids = listValue(records.map(({ spanId }) => spanId));
  statement.bind([BigInt(Math.min(...times)), BigInt(Math.max(...times)), ids], [BIGINT, BIGINT, LIST(VARCHAR)]);
  const known = new Set((await statement.runAndReadAll()).getRows().map(row => row.join(' ')));
  return records.flatMap(eventsOf).filter(({ record, eventType }) => {
    const key = `${record['traceId']} ${record['spanId']} ${eventType}`;
    return known.size !== known.add(key).size;
  });
}

/** @param {Prepared} statement @param {number} count @returns {Promise<bigint>} the first of `count` cursor ids */
async function reserve(statement, count) {
  statement.bind([BigInt(count)], [BIGINT]);
  const [[first, last] = []] = (await statement.runAndReadAll()).getRows();
  if (typeof first !== 'bigint' || last !== first + BigInt(count) - 1n) throw new Error('the cursor ids do not follow one another');
  return first;
}

/**
 * All rows are made before the first is appended: a fault in a record shows while there is nothing to undo.
 * @param {Appender} appender
 * @param {SpanRows} rows
 * @param {SpanEvent[]} events
 * @param {bigint} first  cursor id
 * @returns {Generator<void, void, void>} of small steps, although a record may have 16 MiB
 */
function* appendEvents(appender, rows, events, first) {
  const values = [];
  for (const event of events) {
    values.push(yield* rows.row(event, first++));
    yield;
  }
  let units = 0;
  for (const row of values) {
    units += appendRow(appender, row);
    yield;
    if (units < FLUSH_UNITS) continue;
    appender.flushSync();
    units = 0;
    yield;
  }
  appender.flushSync();
}

/** @param {Appender} appender @param {import('./span-rows.mjs').Value[]} row @returns {number} the length of its texts */
function appendRow(appender, row) {
  let units = 0;
  for (const value of row) {
    if (value === null) appender.appendNull();
    else if (typeof value === 'string') {
      appender.appendVarchar(value);
      units += value.length;
    } else if (typeof value === 'bigint') appender.appendBigInt(value);
    else if (typeof value === 'boolean') appender.appendBoolean(value);
    else appender.appendTimestamp(value);
  }
  appender.endRow();
  return units;
}
