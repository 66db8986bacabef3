// Predicates of Mastra's planned trace queries as SQL that DuckDB and ClickHouse both read.

/** @typedef {import('@mastra/core/storage').TrustedTraceQueryPredicate} Predicate */
/** @typedef {import('@mastra/core/storage').TrustedThreadPredicate} ThreadPredicate */
/** @typedef {import('@mastra/core/storage').TraceQueryPredicateScope} Scope  what a field belongs to */
/** @typedef {import('./statement.mjs').Statement} Statement */

const COMPARISONS = /** @type {const} */ ({ eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' });
const VERSIONS = ['entityVersionId', 'parentEntityVersionId', 'rootEntityVersionId'];

/** Fields that are columns, by what they belong to. @type {Record<Scope, Set<string>>} */
const COLUMNS = {
  trace: new Set(['traceId', 'threadId', 'resourceId', 'startedAt', 'endedAt', 'entityName', 'entityType', 'environment']),
  spans: new Set(['name', 'spanType', 'startedAt', 'endedAt', 'error', 'entityType', 'entityId', 'entityName', ...VERSIONS]),
  scores: new Set(['scorerId', 'scorerVersion', 'scoreSource', 'score', 'timestamp', 'spanId', ...VERSIONS]),
  feedback: new Set(['feedbackType', 'feedbackSource', 'feedbackUserId', 'sourceId', 'timestamp', 'comment', ...VERSIONS]),
};
const TIMES = new Set(['startedAt', 'endedAt', 'timestamp']);

/**
 * The SQL of a predicate for a WHERE.
 * @param {Statement} statement  takes the values and what the predicate reads
 * @param {any} predicate
 * @param {Scope} scope
 * @param {boolean} [strict]  false and not NULL where it does not hold, so that it can be negated. Elsewhere NULL will do,
 *   and leaves a comparison to be found in an index.
 * @returns {string}
 */
export function predicateSql(statement, predicate, scope, strict = false) {
  const holds = (/** @type {string} */ sql) => (strict ? `coalesce(${sql}, FALSE)` : `(${sql})`);
  switch (predicate.type) {
    case 'boolean':
      return `(${predicate.args.map((/** @type {any} */ arg) => predicateSql(statement, arg, scope, strict)).join(` ${predicate.operator} `)})`;
    case 'not':
      return `(NOT ${predicateSql(statement, predicate.arg, scope, true)})`;
    case 'relation':
      return relationSql(statement, predicate);
    case 'presence':
      return `(${presenceSql(statement, predicate.field, scope)} IS ${predicate.operator === 'exists' ? 'NOT ' : ''}NULL)`;
    case 'membership': {
      const sql = fieldSql(statement, predicate.field, scope, predicate.values[0]);
      const list = predicate.values.map((/** @type {string | number} */ value) => valueSql(statement, predicate.field, value)).join(', ');
      return predicate.operator === 'in' ? holds(`${sql} IN (${list})`) : `coalesce(${sql} NOT IN (${list}), TRUE)`;
    }
    case 'comparison': {
      const operator = COMPARISONS[/** @type {keyof typeof COMPARISONS} */ (predicate.operator)];
      const sql = fieldSql(statement, predicate.field, scope, predicate.value);
      const compared = `${sql} ${operator} ${valueSql(statement, predicate.field, predicate.value)}`;
      return predicate.operator === 'ne' ? `coalesce(${compared}, TRUE)` : holds(compared);
    }
    default:
      throw new Error(`a trace query cannot hold ${predicate.type} here`);
  }
}

/** @param {any} predicate @returns {boolean} whether `predicateSql` knows it, and it reads traces only */
export function isOfTraces(predicate) {
  if (predicate === undefined) return true;
  if (predicate.type === 'boolean') return predicate.args.every(isOfTraces);
  if (predicate.type === 'not') return isOfTraces(predicate.arg);
  return ['presence', 'membership', 'comparison'].includes(predicate.type) && isFieldOfTraces(predicate.field);
}

/** @param {string} field @returns {boolean} whether `fieldSql` knows it of a trace */
export function isFieldOfTraces(field) {
  return field === 'status' || field.startsWith('metadata.') || COLUMNS.trace.has(field);
}

/**
 * @param {Statement} statement
 * @param {string} field
 * @param {Scope} scope
 * @param {unknown} [value]  what it is compared with: a feedback's value is a text or a number
 * @returns {string} an expression over `r` for a trace, over `s` for what belongs to it
 */
export function fieldSql(statement, field, scope, value) {
  const alias = scope === 'trace' ? 'r' : 's';
  const column = (/** @type {string} */ name) => {
    statement.reads(scope, name);
    return `${alias}.${name}`;
  };
  if (COLUMNS[scope].has(field)) return column(field);
  if (scope === 'trace' && field.startsWith('metadata.')) {
    return `NULLIF(trim(${statement.jsonString(column('metadata'), field.slice('metadata.'.length))}), '')`;
  }
  if (field === 'status') return `CASE WHEN ${column('error')} IS NOT NULL THEN 'error' ELSE 'success' END`;
  if (scope === 'spans' && (field === 'model' || field === 'provider')) return statement.jsonString(column('attributes'), field);
  if (scope === 'spans' && field === 'durationMs') return `date_diff('millisecond', ${column('startedAt')}, ${column('endedAt')})`;
  if (scope === 'feedback' && field === 'value') return column(typeof value === 'number' ? 'valueNumber' : 'valueString');
  throw new Error(`a trace query cannot ask for ${field} of ${scope}`);
}

/** @param {Statement} statement @param {string} field @param {Scope} scope */
function presenceSql(statement, field, scope) {
  if (scope !== 'feedback' || field !== 'value') return fieldSql(statement, field, scope);
  return `CASE WHEN ${fieldSql(statement, field, scope, '')} IS NULL AND ${fieldSql(statement, field, scope, 0)} IS NULL THEN NULL ELSE 1 END`;
}

/** @param {Statement} statement @param {string} field @param {string | number} value */
function valueSql(statement, field, value) {
  return TIMES.has(field) ? statement.time(/** @type {string} */ (value)) : statement.value(value);
}

/** @param {Statement} statement @param {any} predicate */
function relationSql(statement, { collection, quantifier, predicate }) {
  const negation = quantifier === 'none' ? 'NOT ' : '';
  if (collection === 'traces') {
    return `(t.threadId ${negation}IN (SELECT r.threadId FROM eligible r WHERE r.threadId IS NOT NULL AND ${predicateSql(statement, predicate, 'trace')}))`;
  }
  statement.reads(collection, 'traceId');
  const where = predicateSql(statement, predicate, collection);
  return `(r.traceId ${negation}IN (SELECT s.traceId FROM ${collection} s WHERE s.traceId IS NOT NULL AND ${where}))`;
}
