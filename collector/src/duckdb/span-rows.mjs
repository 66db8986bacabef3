import { DuckDBTimestampValue } from '@duckdb/node-api';

import { jsonText } from './json-text.mjs';

/** @typedef {import('../records.mjs').StoreRecord} StoreRecord */
/** @typedef {'start' | 'end'} EventType  Mastra keeps one row for the start of a span and one for its end */
/** @typedef {{ name: string, type: string }} Column  as the table has it, `type` in DuckDB's words */
/** @typedef {{ record: StoreRecord, eventType: EventType }} SpanEvent */
/** @typedef {string | bigint | boolean | DuckDBTimestampValue | null} Value */

/** Columns that are known only when a span has ended. */
const AT_THE_END = new Set(['endedAt', 'links', 'output', 'error']);

/** Columns that hold what a record has under the same name, by their type. */
const FIELDS = {
  VARCHAR: [
    'traceId', 'spanId', 'parentSpanId', 'experimentId', 'entityType', 'entityId', 'entityName', 'entityVersionId',
    'parentEntityVersionId', 'rootEntityVersionId', 'userId', 'organizationId', 'resourceId', 'runId', 'sessionId',
    'threadId', 'requestId', 'environment', 'source', 'serviceName', 'name', 'spanType',
  ],
  JSON: ['attributes', 'metadata', 'tags', 'scope', 'links', 'input', 'output', 'error', 'requestContext'],
  BOOLEAN: ['isEvent'],
  TIMESTAMP: ['endedAt'],
};

/** Columns that a row has of its own. */
const OWN = { eventType: 'VARCHAR', timestamp: 'TIMESTAMP', cursorId: 'BIGINT' };

/** @type {Map<string, string>} type by name */
const KNOWN = new Map([
  ...Object.entries(OWN),
  ...Object.entries(FIELDS).flatMap(([type, names]) => names.map(name => /** @type {const} */ ([name, type]))),
]);

/** @param {Column[]} columns @returns {boolean} whether rows of a table with these columns can be made here */
export function areKnown(columns) {
  return columns.length === KNOWN.size && columns.every(({ name, type }) => KNOWN.get(name) === type);
}

/** @param {StoreRecord} record @returns {boolean} whether each field has the type of its column */
export function isPlain(record) {
  return FIELDS.VARCHAR.every(name => record[name] == null || typeof record[name] === 'string')
    && FIELDS.BOOLEAN.every(name => record[name] == null || typeof record[name] === 'boolean');
}

/** @param {StoreRecord} record @returns {SpanEvent[]} one, or two of a span that has ended */
export function eventsOf(record) {
  /** @type {SpanEvent} */
  const start = { record, eventType: 'start' };
  return record['endedAt'] ? [start, { record, eventType: 'end' }] : [start];
}

/** Makes the rows of one span after the other; JSON that both rows of a span hold is written once. */
export class SpanRows {
  #columns;
  /** @type {StoreRecord | undefined} */
  #record;
  /** @type {Map<string, string | null>} */
  #json = new Map();

  /** @param {Column[]} columns  in the order of the table */
  constructor(columns) {
    this.#columns = columns;
  }

  /** @param {SpanEvent} event @param {bigint} cursorId @returns {Generator<void, Value[], void>} in the order of the columns */
  *row({ record, eventType }, cursorId) {
    if (record !== this.#record) yield* this.#write(record);
    return this.#columns.map(({ name, type }) => {
      if (name === 'eventType') return eventType;
      if (name === 'timestamp') return timestamp(eventType === 'start' ? record['startedAt'] : record['endedAt']);
      if (name === 'cursorId') return cursorId;
      if (eventType === 'start' && AT_THE_END.has(name)) return null;
      if (type === 'JSON') return this.#json.get(name) ?? null;
      return record[name] == null ? null : type === 'TIMESTAMP' ? timestamp(record[name]) : record[name];
    });
  }

  /** @param {StoreRecord} record */
  *#write(record) {
    this.#record = record;
    this.#json.clear();
    for (const name of FIELDS.JSON) {
      if (record[name] != null) this.#json.set(name, (yield* jsonText(record[name])) ?? null);
    }
  }
}

/** @param {Date} date @returns {DuckDBTimestampValue} */
function timestamp(date) {
  return new DuckDBTimestampValue(BigInt(date.getTime()) * 1000n);
}
