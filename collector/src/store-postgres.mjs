import { ObservabilityStoragePostgresVNext } from '@mastra/pg';
import pg from 'pg';

import { keepHeapSmall } from './heap.mjs';
import { postgresTraces } from './postgres/trace-dialect.mjs';
import { rootCause } from './store-error.mjs';
import { isFieldOfTraces, isOfTraces } from './trace-query/predicate.mjs';
import { TraceQueries } from './trace-query/trace-queries.mjs';

const NAME_TRACES = `UPDATE mastra_span_events AS spans SET "serviceName" = names.name,
    "metadataRaw" = coalesce("metadataRaw", '{}') || jsonb_build_object('serviceName', names.name)
  FROM unnest($1::text[], $2::text[]) AS names("traceId", name)
  WHERE spans."traceId" = names."traceId" AND spans."serviceName" IS NULL AND spans."endedAt" > now() - interval '1 day'`;

/**
 * A Postgres server.
 * @param {string} url
 * @returns {import('./store.mjs').Store}
 */
export function openPostgres(url) {
  keepHeapSmall();
  const pool = new pg.Pool({ connectionString: url, connectionTimeoutMillis: 10_000 });
  // Without a listener an idle connection that breaks would end the process. The next query gets another connection.
  pool.on('error', () => {});
  const { host, pathname } = new URL(url);
  const observability = new ObservabilityStoragePostgresVNext({ pool });
  const traces = new TraceQueries(postgresTraces(pool));
  const ask = observability.queryTraces.bind(observability);
  observability.queryTraces = async plan => {
    if (plan.result !== 'traces' || plan.paginationMode !== 'page' || plan.scope || !isOfTraces(plan.where)) return ask(plan);
    // The cursor of a page is the start of the traces that arrive later. Mastra knows the transactions that may still add some.
    const { deltaBinding: binding, page: _, perPage, ...selection } = plan;
    const [{ deltaCursor }, page] = /** @type {any[]} */ (await Promise.all([
      ask({ ...selection, paginationMode: 'delta', limit: perPage, binding }), traces.queryTraces(plan),
    ]));
    return { ...page, deltaCursor };
  };
  const askFields = observability.getTraceQueryObservedFields.bind(observability);
  observability.getTraceQueryObservedFields = plan =>
    (isOfAllTraces(plan) ? traces.getTraceQueryObservedFields(plan) : askFields(plan));
  const askValues = observability.getTraceQueryValues.bind(observability);
  observability.getTraceQueryValues = plan =>
    (isOfAllTraces(plan) && isFieldOfTraces(plan.path) ? traces.getTraceQueryValues(plan) : askValues(plan));
  return {
    name: `Postgres ${host}${pathname}`,
    observability,
    writers: 4,
    // The SQLSTATE classes of data exceptions and of violated constraints, among them "no partition for this day".
    isAboutData: error => /^2[23]/.test(rootCause(error).code),
    nameTraces: async names => {
      await pool.query(NAME_TRACES, [[...names.keys()], [...names.values()]]);
    },
    close: () => pool.end(),
  };
}

/** @param {any} plan @returns {boolean} whether it asks for what traces hold, and not for one tenant only */
function isOfAllTraces({ predicateScope, scope }) {
  return predicateScope === 'trace' && !scope;
}
