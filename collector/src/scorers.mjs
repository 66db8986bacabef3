/** @typedef {import('@mastra/core/storage').ObservabilityStorage} ObservabilityStorage */

/** Scores that are looked through, the newest first, in pages as large as stores allow. */
const PAGES = 10;
const PER_PAGE = 100;

/**
 * The scorers of the newest scores, in the shape in which Studio asks for those of an application. A store can be asked
 * for the scores of a scorer, but not for its scorers.
 * @param {ObservabilityStorage} observability
 * @returns {Promise<Record<string, object>>} by id
 */
export async function scorersOf(observability) {
  /** @type {Map<string, string>} */
  const names = new Map();
  let hasMore = true;
  for (let page = 0; page < PAGES && hasMore; page++) {
    const found = await observability.listScores({
      pagination: { page, perPage: PER_PAGE },
      orderBy: { field: 'timestamp', direction: 'DESC' },
    });
    for (const { scorerId, scorerName } of found.scores) if (!names.has(scorerId)) names.set(scorerId, scorerName ?? scorerId);
    hasMore = found.pagination?.hasMore ?? false;
  }
  return Object.fromEntries([...names].map(([id, name]) => [id, {
    scorer: { config: { id, name, description: 'It runs in the application; here are its scores.' } },
    agentIds: [],
    agentNames: [],
    workflowIds: [],
    isRegistered: true,
    source: 'code',
  }]));
}
