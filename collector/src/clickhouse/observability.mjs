import { ObservabilityStorageClickhouseVNext } from '@mastra/clickhouse';
import { MastraError } from '@mastra/core/error';

import { TraceQueries } from '../trace-query/trace-queries.mjs';
import { clickhouseTraces } from './trace-dialect.mjs';

/** Mastra's tables that a retention is given to, and that a trace has rows in. */
const TABLES = [
  'mastra_span_events', 'mastra_trace_roots', 'mastra_trace_branches', 'mastra_log_events', 'mastra_metric_events',
  'mastra_score_events', 'mastra_feedback_events',
];

/** Apart from the feedback, because feedback that is sent again replaces its row. */
const REVIEWS = 'collector_feedback_reviews';
const REVIEWS_DDL = `CREATE TABLE IF NOT EXISTS ${REVIEWS} (feedbackId String, reviewStatus LowCardinality(String), reviewedAt DateTime64(9))
  ENGINE = ReplacingMergeTree(reviewedAt) ORDER BY feedbackId`;

/** Mastra's store of ClickHouse, with what Studio's pages of traces ask for beyond it. */
export class ClickHouseObservability extends ObservabilityStorageClickhouseVNext {
  #client;
  #keepsAll;
  #traces;

  /**
   * @param {import('@clickhouse/client').ClickHouseClient} client
   * @param {number | undefined} days  what is older is deleted by the server; undefined keeps everything
   */
  constructor(client, days) {
    super({ client, ...(days && { retention: { tracing: days, logs: days, metrics: days, scores: days, feedback: days } }) });
    this.#client = client;
    this.#keepsAll = days === undefined;
    this.#traces = new TraceQueries(clickhouseTraces(client));
  }

  /** @override */
  async init() {
    await super.init();
    await this.#client.command({ query: REVIEWS_DDL });
    // Mastra sets and changes a retention, but does not remove one. Its `_delta` tables have a retention of their own.
    if (!this.#keepsAll) return;
    const limited = await this.#rows(
      'SELECT name FROM system.tables WHERE database = currentDatabase() AND name IN {tables:Array(String)} AND position(create_table_query, \' TTL \') > 0',
      { tables: TABLES },
    );
    for (const { name } of limited) await this.#client.command({ query: `ALTER TABLE ${name} REMOVE TTL` });
  }

  /** @override The server of Mastra reads these before it queries. @returns {any} names of features */
  getFeatures() {
    return [...super.getFeatures(), 'trace-query', 'trace-query-discovery', 'thread-query'];
  }

  /** @override @param {any} plan */
  queryTraces(plan) {
    return this.#traces.queryTraces(plan);
  }

  /** @override @param {any} plan */
  queryThreads(plan) {
    return this.#traces.queryThreads(plan);
  }

  /** @override @param {any} plan */
  getTraceQueryObservedFields(plan) {
    return this.#traces.getTraceQueryObservedFields(plan);
  }

  /** @override @param {any} plan */
  getTraceQueryValues(plan) {
    return this.#traces.getTraceQueryValues(plan);
  }

  /** @override @param {any} args */
  async listFeedback(args) {
    const found = await super.listFeedback(args);
    const feedbackIds = found.feedback.map(({ feedbackId }) => feedbackId);
    const reviews = await this.#rows(
      `SELECT feedbackId, reviewStatus FROM ${REVIEWS} WHERE feedbackId IN {feedbackIds:Array(String)}`, { feedbackIds },
    );
    const statuses = new Map(reviews.map(({ feedbackId, reviewStatus }) => [feedbackId, reviewStatus]));
    const feedback = found.feedback.map(record => ({ ...record, reviewStatus: statuses.get(record.feedbackId) ?? 'needs-review' }));
    return { ...found, feedback };
  }

  /** @override @param {any} args @returns {Promise<any>} the feedback as it is then */
  async updateFeedbackReviewStatus({ feedbackId, reviewStatus }) {
    const [place] = await this.#rows(
      'SELECT traceId, timestamp FROM mastra_feedback_events WHERE feedbackId = {feedbackId:String} LIMIT 1', { feedbackId },
    );
    if (!place) throw notFound(feedbackId);
    await this.#client.insert({
      table: REVIEWS, format: 'JSONEachRow', values: [{ feedbackId, reviewStatus, reviewedAt: new Date().toISOString() }],
    });
    const time = new Date(place['timestamp']);
    const filters = { ...(place['traceId'] && { traceId: place['traceId'] }), timestamp: { start: time, end: time } };
    const { feedback } = await this.listFeedback({ filters, pagination: { page: 0, perPage: 100 } });
    return feedback.find(record => record.feedbackId === feedbackId);
  }

  /** @override @param {any} args */
  deleteScores({ scoreIds, ...tenant }) {
    return this.#delete(['mastra_score_events'], 'scoreId', scoreIds, tenant);
  }

  /** @override @param {any} args */
  deleteFeedback({ feedbackIds, ...tenant }) {
    return this.#delete(['mastra_feedback_events'], 'feedbackId', feedbackIds, tenant);
  }

  /** The traces with all that belongs to them, as Mastra's other stores do it. @override @param {any} args */
  batchDeleteTraces({ traceIds, ...tenant }) {
    return this.#delete(TABLES, 'traceId', traceIds, tenant);
  }

  /**
   * @param {string[]} tables
   * @param {string} column
   * @param {string[]} ids
   * @param {{ organizationId?: string, resourceId?: string }} tenant  rows of another one stay
   */
  async #delete(tables, column, ids, { organizationId, resourceId }) {
    if (ids.length === 0) return;
    const condition = [
      `${column} IN {ids:Array(String)}`,
      ...(organizationId === undefined ? [] : ['organizationId = {organizationId:String}']),
      ...(resourceId === undefined ? [] : ['resourceId = {resourceId:String}']),
    ].join(' AND ');
    const query_params = { ids, organizationId, resourceId };
    for (const table of tables) await this.#client.command({ query: `DELETE FROM ${table} WHERE ${condition}`, query_params });
  }

  /** @param {string} query @param {Record<string, unknown>} query_params @returns {Promise<Record<string, any>[]>} */
  async #rows(query, query_params) {
    return (await this.#client.query({ query, query_params, format: 'JSONEachRow' })).json();
  }
}

/** @param {string} feedbackId */
function notFound(feedbackId) {
  return new MastraError({
    id: 'OBSERVABILITY_UPDATE_FEEDBACK_REVIEW_STATUS_NOT_FOUND',
    domain: 'MASTRA_OBSERVABILITY',
    category: 'USER',
    text: `there is no feedback ${feedbackId}`,
    details: { feedbackId },
  });
}
