import {
  TRACE_QUERY_MAX_PATH_BYTES,
  TRACE_QUERY_MAX_STRING_BYTES,
  TraceQueryCursorError,
  buildInputPreview,
  createTraceQueryObservedFieldDescriptor,
  encodeTraceQueryCursor,
  encodeTraceQueryDeltaCursor,
  getTraceQueryDeltaWatermark,
} from '@mastra/core/storage';

import { fieldSql, predicateSql } from './predicate.mjs';
import { Statement } from './statement.mjs';

/** @typedef {import('@mastra/core/storage').TrustedTraceQueryPlan} Plan */
/** @typedef {Record<string, any>} Row */

const LIMITS = { pathBytes: TRACE_QUERY_MAX_PATH_BYTES, textBytes: TRACE_QUERY_MAX_STRING_BYTES };

/**
 * The queries of Studio's list of traces. A query over all traces reads narrow columns only. The columns that a list
 * shows, inputs among them, are read for the traces of one page.
 */
export class TraceQueries {
  #dialect;

  /** @param {import('./statement.mjs').Dialect} dialect */
  constructor(dialect) {
    this.#dialect = dialect;
  }

  /** @param {any} plan  as Mastra's `TrustedTraceQueryPlan` @returns {Promise<any>} Mastra's `TraceQueryResponse` */
  queryTraces(plan) {
    if (plan.result === 'groups') return this.#groups(plan);
    if (plan.paginationMode === 'page') return this.#page(plan);
    return plan.paginationMode === 'delta' ? this.#delta(plan) : this.#keyset(plan);
  }

  /** @param {any} plan  as Mastra's `TrustedThreadQueryPlan` */
  async queryThreads(plan) {
    const statement = new Statement(this.#dialect, plan.traces.timeRange);
    statement.reads('trace', 'threadId');
    const eligible = `SELECT * FROM roots r WHERE ${where(statement, plan.traces)}`;
    const condition = plan.where ? predicateSql(statement, plan.where, 'trace') : 'TRUE';
    const after = plan.cursor ? `AND t.threadId > ${statement.value(plan.cursor.threadId)}` : '';
    const rows = await statement.run(`, eligible AS (${eligible}),
      threads AS (SELECT DISTINCT threadId FROM eligible WHERE threadId IS NOT NULL)
      SELECT t.threadId AS threadId FROM threads t WHERE ${condition} ${after} ORDER BY threadId LIMIT ${plan.limit + 1}`);
    return { threads: threads(plan, rows), page: { next: nextThread(plan, rows, 'threads') } };
  }

  /** @param {any} plan  as Mastra's `TrustedTraceQueryObservedFieldsPlan` */
  async getTraceQueryObservedFields(plan) {
    if (plan.predicateScope !== 'trace') return { observedFields: [], observedFieldsTruncated: false };
    const statement = new Statement(this.#dialect, plan.timeRange);
    statement.reads('trace', 'metadata');
    const { bytes, contains, observedKeys } = this.#dialect;
    const search = plan.search ? `AND ${contains('path', statement.value(plan.search))}` : '';
    // Keys are counted first: there are few, and what is asked of a key is asked once.
    const rows = await statement.run(`SELECT path, occurrences FROM (
        SELECT key, 'metadata.' || key AS path, count(*) AS occurrences FROM (${observedKeys(LIMITS.textBytes)}) k GROUP BY key) f
      WHERE key <> '' AND key NOT LIKE '%.%' AND ${bytes('path')} <= ${LIMITS.pathBytes} ${search}
      ORDER BY occurrences DESC, path LIMIT ${plan.limit + 1}`);
    return {
      observedFields: rows.slice(0, plan.limit).map(row => createTraceQueryObservedFieldDescriptor(row['path'], Number(row['occurrences']))),
      observedFieldsTruncated: rows.length > plan.limit,
    };
  }

  /** @param {any} plan  as Mastra's `TrustedTraceQueryValuesPlan` */
  async getTraceQueryValues(plan) {
    const { predicateScope: scope, path, limit } = plan;
    const statement = new Statement(this.#dialect, plan.timeRange);
    if (scope !== 'trace') statement.reads(scope, 'traceId');
    const field = fieldSql(statement, path, scope);
    const search = plan.search ? `AND ${this.#dialect.contains('value', statement.value(plan.search))}` : '';
    const rows = await statement.run(`SELECT value, count(*) AS times
      FROM (SELECT ${this.#dialect.sorted(field)} AS value FROM ${scope === 'trace' ? 'roots r' : `${scope} s`} WHERE ${field} IS NOT NULL) v
      WHERE ${this.#dialect.bytes('value')} <= ${LIMITS.textBytes} ${search}
      GROUP BY value ORDER BY times DESC, value LIMIT ${limit + 1}`);
    const values = rows.slice(0, limit).map(({ value, times }) => ({ value, count: Number(times) }));
    return { values, valuesTruncated: rows.length > limit };
  }

  /** @param {any} plan */
  async #page(plan) {
    const { page, perPage } = plan;
    const keys = await this.#keys(plan, `LIMIT ${perPage} OFFSET ${page * perPage}`);
    const total = await this.#total(plan);
    return {
      traces: await this.#traces(keys),
      ...(this.#dialect.delta && { deltaCursor: encodeTraceQueryDeltaCursor(plan, this.#dialect.name, await this.#head(this.#dialect.delta)) }),
      pagination: { total, page, perPage, hasMore: (page + 1) * perPage < total },
    };
  }

  /** @param {any} plan */
  async #keyset(plan) {
    const keys = await this.#keys(plan, `LIMIT ${plan.limit + 1}`);
    const visible = keys.slice(0, plan.limit);
    const last = visible.at(-1);
    const next = keys.length > plan.limit && last ? encodeTraceQueryCursor(plan, {
      result: 'traces', sortValue: iso(last[plan.orderBy.field]), traceId: last['traceId'],
    }) : null;
    return { traces: await this.#traces(visible), page: { next } };
  }

  /** @param {any} plan  asks for what arrived after its cursor, in this order */
  async #delta(plan) {
    const watermark = getTraceQueryDeltaWatermark(plan, this.#dialect.name);
    if (watermark !== undefined && !isCursorId(watermark)) throw new TraceQueryCursorError('TRACE_QUERY_CURSOR_MALFORMED');
    const { delta } = this.#dialect;
    if (!delta) throw new Error(`${this.#dialect.name} has no order of arrival here`);
    const head = await this.#head(delta);
    const { column, join } = delta;
    const statement = new Statement(this.#dialect, plan.timeRange);
    statement.reads('trace', 'cursorId');
    const keys = watermark === undefined ? [] : await statement.run(`SELECT ${KEY}, CAST(${column} AS VARCHAR) AS arrived
      FROM roots r ${join} WHERE ${where(statement, plan)} AND ${column} > ${watermark}
      ORDER BY ${column}, traceId LIMIT ${plan.limit + 1}`);
    const visible = keys.slice(0, plan.limit);
    const newest = String(visible.at(-1)?.['arrived'] ?? (BigInt(head) > BigInt(watermark ?? 0) ? head : watermark ?? '0'));
    return {
      traces: await this.#traces(visible),
      delta: { limit: plan.limit, hasMore: keys.length > plan.limit },
      deltaCursor: encodeTraceQueryDeltaCursor(plan, this.#dialect.name, newest),
    };
  }

  /** @param {any} plan */
  async #groups(plan) {
    const statement = new Statement(this.#dialect, plan.timeRange);
    statement.reads('trace', 'threadId');
    const after = plan.cursor ? `AND r.threadId > ${statement.value(plan.cursor.threadId)}` : '';
    const rows = await statement.run(`SELECT DISTINCT r.threadId AS threadId FROM roots r
      WHERE r.threadId IS NOT NULL AND ${where(statement, plan)} ${after} ORDER BY threadId LIMIT ${plan.limit + 1}`);
    return { groups: threads(plan, rows), page: { next: nextThread(plan, rows, 'groups') } };
  }

  /** @param {any} plan @param {string} limit @returns {Promise<Row[]>} */
  #keys(plan, limit) {
    const statement = new Statement(this.#dialect, plan.timeRange);
    const { field, direction } = plan.orderBy;
    statement.reads('trace', 'cursorId');
    return statement.run(`SELECT ${KEY} FROM roots r
      WHERE ${where(statement, plan)} ${afterCursor(statement, plan)}
      ORDER BY r.${field} ${direction === 'asc' ? 'ASC' : 'DESC'}, r.traceId ASC ${limit}`);
  }

  /**
   * A query of its own instead of `count(*) OVER ()` beside the keys: DuckDB's window functions fail now and then, and the
   * database can be used no more until the process starts again (github.com/duckdb/duckdb/issues/25713).
   * @param {any} plan @returns {Promise<number>} of all its traces
   */
  async #total(plan) {
    const statement = new Statement(this.#dialect, plan.timeRange);
    const [row] = await statement.run(`SELECT count(*) AS total FROM roots r WHERE ${where(statement, plan)}`);
    return Number(row?.['total'] ?? 0);
  }

  /** @param {Row[]} keys */
  async #traces(keys) {
    if (keys.length === 0) return [];
    const rows = new Map((await this.#dialect.rows(keys)).map(row => [row['traceId'], row]));
    // Traces that are deleted between the two statements are not shown.
    return keys.flatMap(key => rows.has(key['traceId']) ? [trace(/** @type {Row} */ (rows.get(key['traceId'])), key)] : []);
  }

  /** @param {{ head: string }} delta @returns {Promise<string>} the newest cursor id */
  async #head({ head }) {
    const [row] = await this.#dialect.run(head, []);
    return String(row?.['head'] ?? 0);
  }
}

/** The columns of a root that find it again and sort a page. */
const KEY = 'r.traceId AS traceId, r.spanId AS spanId, r.startedAt AS startedAt, r.endedAt AS endedAt, r.cursorId AS cursorId';

/** @param {Statement} statement @param {{ where?: any }} plan @returns {string} */
function where(statement, plan) {
  return plan.where ? predicateSql(statement, plan.where, 'trace') : 'TRUE';
}

/** @param {Statement} statement @param {any} plan @returns {string} */
function afterCursor(statement, { cursor, orderBy: { field, direction } }) {
  if (!cursor) return '';
  const time = statement.time(cursor.sortValue);
  return `AND (r.${field} ${direction === 'asc' ? '>' : '<'} ${time}
    OR (r.${field} = ${time} AND r.traceId > ${statement.value(cursor.traceId)}))`;
}

/** @param {Row} row @param {Row} key @returns {any} as Mastra's `TraceQueryTrace` */
function trace(row, key) {
  const startedAt = iso(key['startedAt']);
  return {
    traceId: key['traceId'],
    rootSpanId: key['spanId'],
    name: row['name'],
    entityId: row['entityId'] ?? null,
    parentSpanId: null,
    createdAt: startedAt,
    metadata: json(row['metadata']),
    inputPreview: buildInputPreview(row['input']) ?? null,
    threadId: row['threadId'] ?? null,
    resourceId: row['resourceId'] ?? null,
    startedAt,
    endedAt: iso(key['endedAt']),
    entityName: row['entityName'] ?? null,
    entityType: row['entityType'] ?? null,
    environment: row['environment'] ?? null,
    status: row['error'] == null ? 'success' : 'error',
  };
}

/** @param {any} plan @param {Row[]} rows @returns {{ threadId: string }[]} */
function threads({ limit }, rows) {
  return rows.slice(0, limit).map(({ threadId }) => ({ threadId }));
}

/** @param {any} plan @param {Row[]} rows @param {'threads' | 'groups'} result @returns {string | null} */
function nextThread(plan, rows, result) {
  if (rows.length <= plan.limit) return null;
  return encodeTraceQueryCursor(plan, { result, threadId: rows[plan.limit - 1]?.['threadId'] });
}

/** @param {string} watermark */
function isCursorId(watermark) {
  return /^\d{1,20}$/.test(watermark);
}

/** @param {Date | string} time @returns {string} */
function iso(time) {
  return new Date(time).toISOString();
}

/** @param {any} value  as text, or as Postgres gives it @returns {any} */
function json(value) {
  return typeof value === 'string' ? JSON.parse(value) : value ?? null;
}
