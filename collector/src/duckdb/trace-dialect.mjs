const ROWS = 'traceId, name, entityId, metadata, input, threadId, resourceId, entityName, entityType, environment, error';

/** Tables that hold what belongs to a trace. */
const TABLES = { scores: 'score_events', feedback: 'feedback_events' };

/**
 * How traces are asked for in Mastra's tables of DuckDB.
 * @param {import('@mastra/duckdb').DuckDBConnection} db
 * @returns {import('../trace-query/statement.mjs').Dialect}
 */
export function duckdbTraces(db) {
  return {
    name: 'duckdb',
    placeholder: index => `$${index}`,
    time: text => `CAST(${text} AS TIMESTAMP)`,
    jsonKey: key => `$.${JSON.stringify(key)}`,
    jsonString: (json, path) => `CASE WHEN json_type(${json}, ${path}) = 'VARCHAR' THEN json_extract_string(${json}, ${path}) END`,
    roots: (from, to, columns) => `
      SELECT ${columns.map(column => `e.${column}`).join(', ').replace('e.startedAt', 's.timestamp AS startedAt')}
      FROM span_events e
      JOIN (SELECT max(cursorId) AS cursorId FROM span_events WHERE parentSpanId IS NULL AND timestamp >= ${from} GROUP BY traceId) newest
        ON newest.cursorId = e.cursorId
      JOIN (SELECT traceId, spanId, min(timestamp) AS timestamp FROM span_events
            WHERE eventType = 'start' AND parentSpanId IS NULL AND timestamp >= ${from} AND timestamp < ${to}
            GROUP BY traceId, spanId) s ON s.traceId = e.traceId AND s.spanId = e.spanId
      WHERE e.endedAt IS NOT NULL AND e.timestamp >= ${from}`,
    related: (scope, columns) => (scope === 'spans' ? spans(columns)
      : `SELECT ${columns.join(', ')} FROM ${TABLES[scope]} WHERE traceId IN (SELECT traceId FROM roots)`),
    // A map of the metadata takes a third of the time of json_each.
    observedKeys: textBytes => `
      SELECT field.key AS key
      FROM (SELECT unnest(map_entries(from_json(metadata, '"MAP(VARCHAR, JSON)"'))) AS field FROM roots) r
      WHERE json_type(field.value) = 'VARCHAR' AND trim(field.value ->> '$') <> '' AND strlen(field.value ->> '$') <= ${textBytes}`,
    sorted: text => text,
    bytes: text => `strlen(${text})`,
    contains: (text, part) => `contains(lower(${text}), lower(${part}))`,
    delta: { column: 'r.cursorId', join: '', head: 'SELECT max(cursorId) AS head FROM span_events WHERE parentSpanId IS NULL' },
    run: (sql, values) => db.query(sql, values),
    rows(keys) {
      const list = keys.map((_, index) => `$${index + 1}`).join(', ');
      return db.query(`SELECT ${ROWS} FROM span_events WHERE cursorId IN (${list})`, keys.map(({ cursorId }) => cursorId));
    },
  };
}

/** @param {string[]} columns @returns {string} each span once: its end, or its start while it runs */
function spans(columns) {
  const own = columns.filter(column => column !== 'startedAt');
  return `
    SELECT ${own.map(column => `arg_max(e.${column}, (e.endedAt IS NOT NULL, e.cursorId)) AS ${column}`).join(', ')},
      coalesce(min(e.timestamp) FILTER (WHERE e.eventType = 'start'), min(e.timestamp)) AS startedAt
    FROM span_events e WHERE e.traceId IN (SELECT traceId FROM roots) GROUP BY e.traceId, e.spanId`;
}
