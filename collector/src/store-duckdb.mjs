import { DuckDBStore } from '@mastra/duckdb';

import { SpanAppender } from './duckdb/append-spans.mjs';
import { duckdbTraces } from './duckdb/trace-dialect.mjs';
import { keepHeapSmall } from './heap.mjs';
import { rootCause } from './store-error.mjs';
import { TraceQueries } from './trace-query/trace-queries.mjs';

/** How DuckDB begins messages about values; an `IO Error` or a full disk begins otherwise. */
const ABOUT_DATA = /^(Conversion|Constraint|Invalid Input|Out of Range|Parser) Error/;

/**
 * DuckDB's limit on its buffers. With 160 MB a few records of 16 MiB after one another were not stored.
 * `block_allocator_memory` would take less from the C library, but with it DuckDB 1.5.2 ends the process with SIGSEGV.
 */
const MEMORY_LIMIT = '384MB';

/**
 * The number of spans after which DuckDB lets go of blocks that it keeps for later queries, down to `TRIMMED_MEMORY`, and the
 * C library returns what is freed. DuckDB does both when its limit is set.
 */
const TRIM_SPANS = 20_000;
const TRIMMED_MEMORY = '128MB';

/**
 * The size of the file's log at which DuckDB writes it into the tables. Each time it also writes the newest rows of a table
 * again, up to 122,880 of them: a smaller log costs CPU, space in the file, and the memory that this takes. A larger log
 * costs the memory of the rows in it.
 */
const CHECKPOINT_THRESHOLD = '128MB';

/** The range of time makes this query cheap in a large file, as with known spans. */
const NAME_TRACES = `UPDATE span_events SET serviceName = names.name,
    metadata = json_merge_patch(coalesce(metadata, '{}'), json_object('serviceName', names.name))
  FROM (SELECT unnest(?::VARCHAR[]) AS traceId, unnest(?::VARCHAR[]) AS name) AS names
  WHERE span_events.traceId = names.traceId AND serviceName IS NULL AND timestamp > now() - INTERVAL 1 DAY`;

/**
 * A DuckDB file. One process at a time can have it open.
 * @param {string} path
 * @returns {import('./store.mjs').Store}
 */
export function openDuckDB(path) {
  keepHeapSmall();
  const { observability, db } = new DuckDBStore({ path, memoryLimit: MEMORY_LIMIT });
  const init = observability.init.bind(observability);
  /** @type {Promise<void> | undefined} */
  let made;
  // This runs once. Studio asks for it again at its first request, and two calls at the same time would change the same
  // table and fail.
  observability.init = () => (made ??= db.execute(`SET checkpoint_threshold = '${CHECKPOINT_THRESHOLD}'`).then(init));
  const create = observability.batchCreateSpans.bind(observability);
  const appender = new SpanAppender(db, records => create({ records }));
  let untrimmed = 0;
  observability.batchCreateSpans = async ({ records }) => {
    await appender.store(records);
    untrimmed += records.length;
    if (untrimmed < TRIM_SPANS) return;
    untrimmed = 0;
    // The first one fails while a query needs more, and then the next time will do.
    await db.execute(`SET memory_limit = '${TRIMMED_MEMORY}'`).catch(() => {});
    await db.execute(`SET memory_limit = '${MEMORY_LIMIT}'`).catch(() => {});
  };
  const traces = new TraceQueries(duckdbTraces(db));
  observability.queryTraces = plan => traces.queryTraces(plan);
  observability.queryThreads = plan => traces.queryThreads(plan);
  observability.getTraceQueryObservedFields = plan => traces.getTraceQueryObservedFields(plan);
  observability.getTraceQueryValues = plan => traces.getTraceQueryValues(plan);
  return {
    name: `DuckDB file ${path}`,
    observability,
    // One writer, because two transactions do not see each other's spans.
    writers: 1,
    isAboutData: error => ABOUT_DATA.test(rootCause(error).message),
    nameTraces: async names => {
      await db.execute(NAME_TRACES, [[...names.keys()], [...names.values()]]);
    },
    close: () => db.close(),
  };
}
