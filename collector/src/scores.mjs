import { ScoresStorage } from '@mastra/core/storage';

/** @typedef {import('@mastra/core/storage').ObservabilityStorage} ObservabilityStorage */
/** @typedef {NonNullable<import('@mastra/core/storage').ListScoresArgs['filters']>} Filters */
/** @typedef {import('@mastra/core/storage').StoragePagination} Pagination */

/** Records a page has at most. */
const MAX_PER_PAGE = 100;

/**
 * The scores of the observability domain in the shape of the older `scores` domain, which is where the Scores tab of
 * Studio's trace view looks. Nothing is stored here.
 */
export class ScoresOfObservability extends ScoresStorage {
  #observability;

  /** @param {ObservabilityStorage} observability */
  constructor(observability) {
    super();
    this.#observability = observability;
  }

  /** @override @param {{ id: string }} args */
  async getScoreById({ id }) {
    const score = await this.#observability.getScoreById(id);
    return score && row(score);
  }

  /**
   * The scores of a span, or of the whole trace if the span is its root: Studio asks for the root to show a trace.
   * @override
   * @param {{ traceId: string, spanId: string, pagination: Pagination }} args
   */
  async listScoresBySpan({ traceId, spanId, pagination }) {
    const root = await this.#observability.getRootSpan({ traceId });
    return this.#list(root?.span.spanId === spanId ? { traceId } : { traceId, spanId }, pagination);
  }

  /** @override @param {{ scorerId: string, pagination: Pagination }} args */
  listScoresByScorerId({ scorerId, pagination }) {
    return this.#list({ scorerId }, pagination);
  }

  /** @override @param {{ runId: string, pagination: Pagination }} args */
  listScoresByRunId({ runId, pagination }) {
    return this.#list({ runId }, pagination);
  }

  /** @override @returns {Promise<never>} */
  async listScoresByEntityId() {
    throw new Error('the observability domain cannot be asked for the scores of an entity id');
  }

  /** @override @returns {Promise<never>} */
  async saveScore() {
    throw new Error('scores come in through the publish protocol');
  }

  /** @param {Filters} filters @param {Pagination} pagination */
  async #list(filters, { page, perPage }) {
    const size = perPage === false ? MAX_PER_PAGE : Math.min(perPage, MAX_PER_PAGE);
    const found = await this.#observability.listScores({ filters, pagination: { page, perPage: size } });
    const { total = 0, hasMore = false } = found.pagination ?? {};
    return { pagination: { total, page, perPage: size, hasMore }, scores: found.scores.map(row) };
  }
}

/** @param {import('@mastra/core/storage').ScoreRecord} score @returns {any} as `ScoreRowData` of the `scores` domain */
function row(score) {
  const { scoreId, timestamp, scorerId, scorerName, entityId, entityName, entityType, runId, scoreSource } = score;
  return {
    id: scoreId,
    scorerId,
    scorer: { id: scorerId, name: scorerName ?? scorerId },
    score: score.score,
    reason: score.reason ?? undefined,
    source: scoreSource === 'test' ? 'TEST' : 'LIVE',
    traceId: score.traceId ?? undefined,
    spanId: score.spanId ?? undefined,
    runId: runId ?? '',
    entityId: entityId ?? '',
    entityType: entityType ?? undefined,
    entity: { id: entityId ?? '', name: entityName ?? '' },
    resourceId: score.resourceId ?? undefined,
    threadId: score.threadId ?? undefined,
    metadata: score.metadata ?? undefined,
    output: undefined,
    createdAt: timestamp,
    updatedAt: null,
  };
}
