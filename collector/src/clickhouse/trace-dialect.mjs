/** Columns that Mastra's tables have under another name. The key of a root is what finds it again. @type {Record<string, string>} */
const NAMES = { metadata: 'metadataRaw', cursorId: 'dedupeKey' };
const TABLES = { spans: 'mastra_span_events', scores: 'mastra_score_events', feedback: 'mastra_feedback_events' };
const ROWS = ['traceId', 'name', 'entityId', 'metadata', 'input', 'threadId', 'resourceId', 'entityName', 'entityType', 'environment', 'error'];

/** @param {string[]} columns */
const selected = columns => columns.map(column => (NAMES[column] ? `${NAMES[column]} AS ${column}` : column)).join(', ');

/**
 * How traces are asked for in Mastra's tables of ClickHouse, by a client with `final`.
 * @param {import('@clickhouse/client').ClickHouseClient} client
 * @returns {import('../trace-query/statement.mjs').Dialect}
 */
export function clickhouseTraces(client) {
  /** @param {string} query @param {Record<string, unknown>} query_params @returns {Promise<Record<string, any>[]>} */
  async function rows(query, query_params) {
    return (await client.query({ query, query_params, format: 'JSONEachRow' })).json();
  }
  return {
    name: 'clickhouse',
    placeholder: (index, value) => `{p${index}:${typeof value === 'number' ? 'Float64' : 'String'}}`,
    time,
    jsonKey: key => key,
    jsonString: (json, key) => `if(JSONType(ifNull(${json}, ''), ${key}) = 'String', JSONExtractString(ifNull(${json}, ''), ${key}), NULL)`,
    roots: (from, to, columns) => `
      SELECT ${selected(columns)} FROM mastra_trace_roots
      WHERE startedAt >= ${from} AND startedAt < ${to} ORDER BY startedAt DESC, spanId LIMIT 1 BY traceId`,
    related: (scope, columns) => `
      SELECT ${selected(columns)} FROM ${TABLES[scope]} WHERE traceId IN (SELECT traceId FROM roots)
      ${scope === 'spans' ? 'ORDER BY endedAt DESC LIMIT 1 BY dedupeKey' : ''}`,
    observedKeys: textBytes => `
      SELECT field.1 AS key
      FROM (SELECT ifNull(metadata, '') AS metadata FROM roots) r ARRAY JOIN JSONExtractKeysAndValuesRaw(metadata) AS field
      WHERE startsWith(field.2, '"') AND trim(JSONExtractString(field.2)) <> '' AND length(JSONExtractString(field.2)) <= ${textBytes}`,
    sorted: text => text,
    bytes: text => `length(${text})`,
    contains: (text, part) => `position(lowerUTF8(${text}), lowerUTF8(${part})) > 0`,
    delta: {
      column: 'd.cursorId',
      join: `INNER JOIN (SELECT dedupeKey, max(cursorId) AS cursorId FROM mastra_trace_roots_delta GROUP BY dedupeKey) d
        ON d.dedupeKey = r.cursorId`,
      head: 'SELECT toString(max(cursorId)) AS head FROM mastra_trace_roots_delta',
    },
    run: (sql, values) => rows(sql, Object.fromEntries(values.map((value, index) => [`p${index + 1}`, value]))),
    rows(keys) {
      const times = keys.map(({ startedAt }) => startedAt).sort();
      // The table is sorted by time, so the condition on the time makes the query cheap.
      return rows(
        `SELECT ${selected(ROWS)} FROM mastra_trace_roots
         WHERE startedAt BETWEEN ${time('{first:String}')} AND ${time('{last:String}')} AND dedupeKey IN {keys:Array(String)}`,
        { first: times[0], last: times.at(-1), keys: keys.map(({ cursorId }) => cursorId) },
      );
    },
  };
}

/** @param {string} text */
function time(text) {
  return `parseDateTime64BestEffort(${text}, 3, 'UTC')`;
}
