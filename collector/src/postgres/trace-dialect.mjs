/** Columns under other names, or that are more than a number can hold. @type {Record<string, string>} */
const EXPRESSIONS = { metadata: 'e."metadataRaw"', cursorId: 'e."cursorId"::text' };
const ROWS = ['traceId', 'name', 'entityId', 'metadata', 'input', 'threadId', 'resourceId', 'entityName', 'entityType', 'environment', 'error'];

/** Postgres folds a name without quotes: these are names of columns by what is left of them. */
const NAMES = new Map(
  [...ROWS, 'spanId', 'startedAt', 'endedAt', 'cursorId', 'total', 'path', 'occurrences', 'value', 'times'].map(name => /** @type {const} */ ([name.toLowerCase(), name])),
);

/** @param {string} column */
const expression = column => EXPRESSIONS[column] ?? `e."${column}"`;

/**
 * How a page of Studio's list of traces is asked for in Mastra's tables of Postgres. What belongs to traces is not: then
 * Mastra asks.
 * @param {import('pg').Pool} pool
 * @returns {import('../trace-query/statement.mjs').Dialect}
 */
export function postgresTraces(pool) {
  /** @param {string} sql @param {unknown[]} values @returns {Promise<Record<string, any>[]>} */
  async function run(sql, values) {
    const { rows } = await pool.query(sql, values);
    return rows.map(row => Object.fromEntries(Object.entries(row).map(([name, value]) => [NAMES.get(name) ?? name, value])));
  }
  const unknown = () => {
    throw new Error('this is asked by Mastra');
  };
  return {
    name: 'pg',
    placeholder: (index, value) => `$${index}::${typeof value === 'number' ? 'double precision' : 'text'}`,
    time: text => `${text}::timestamptz`,
    jsonKey: key => key,
    jsonString: (json, key) => `CASE WHEN jsonb_typeof(${json} -> ${key}) = 'string' THEN ${json} ->> ${key} END`,
    // Sorted once. Mastra looks for a newer root by an index for each root, in the table of each day.
    roots: (from, to, columns) => `
      SELECT * FROM (
        SELECT DISTINCT ON (e."traceId") e."isPending" AS pending, ${columns.map(column => `${expression(column)} AS ${column}`).join(', ')}
        FROM mastra_span_events e WHERE e."parentSpanId" IS NULL AND e."startedAt" >= ${from} AND e."startedAt" < ${to}
        ORDER BY e."traceId", e."cursorId" DESC
      ) newest WHERE NOT pending`,
    related: unknown,
    observedKeys: textBytes => `
      SELECT field.key COLLATE "C" AS key
      FROM (SELECT metadata FROM roots WHERE jsonb_typeof(metadata) = 'object') r, LATERAL jsonb_each(r.metadata) AS field
      WHERE jsonb_typeof(field.value) = 'string' AND btrim(field.value #>> '{}') <> '' AND octet_length(field.value #>> '{}') <= ${textBytes}`,
    sorted: text => `(${text}) COLLATE "C"`,
    bytes: text => `octet_length(${text})`,
    contains: (text, part) => `strpos(lower(${text}), lower(${part})) > 0`,
    delta: undefined,
    run,
    rows: keys => run(
      `SELECT ${ROWS.map(column => `${expression(column)} AS ${column}`).join(', ')}
       FROM mastra_span_events e WHERE e."parentSpanId" IS NULL AND e."traceId" = ANY($1) AND e."cursorId" = ANY($2::bigint[])`,
      [keys.map(({ traceId }) => traceId), keys.map(({ cursorId }) => cursorId)],
    ),
  };
}
