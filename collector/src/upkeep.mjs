/** @typedef {import('./store.mjs').Store} Store */

const HOUR_MS = 3_600_000;
/** The number of rows deleted at once, so that a deletion does not delay new records for long. */
const DELETE_ROWS = 10_000;

/**
 * Looks after the store now and every hour: deletes what is older than the retention, and makes the tables again,
 * because in Postgres each day has a table of its own and Mastra makes those of the next 14 days.
 * @param {Store} store
 * @param {number | undefined} retentionMs
 * @param {(line: string) => void} log
 * @returns {{ stop: () => Promise<void> }} `stop` lets the deletion end that is under way, and begins no other
 */
export function startUpkeep(store, retentionMs, log) {
  const abort = new AbortController();
  let round = Promise.resolve();
  const next = () => {
    round = round.then(() => upkeep(store, retentionMs, abort.signal, log)).catch(error => {
      log(`The store could not be looked after, next try in an hour: ${error.message}`);
    });
  };
  next();
  const timer = setInterval(next, HOUR_MS);
  return {
    async stop() {
      clearInterval(timer);
      abort.abort();
      await round;
    },
  };
}

/**
 * @param {Store} store
 * @param {number | undefined} retentionMs
 * @param {AbortSignal} signal
 * @param {(line: string) => void} log
 */
async function upkeep({ observability }, retentionMs, signal, log) {
  await observability.init();
  if (retentionMs === undefined) return;
  const policy = { maxAge: retentionMs, batchSize: DELETE_ROWS };
  const policies = { spans: policy, logs: policy, metrics: policy, scores: policy, feedback: policy };
  // ClickHouse deletes by itself; there this call does nothing.
  const tables = await observability.prune(policies, { signal });
  const deleted = tables.reduce((sum, table) => sum + table.deleted, 0);
  if (deleted > 0) log(`${deleted} rows deleted that were older than --retention`);
}
