/** @typedef {import('./predicate.mjs').Scope} Scope */
/** @typedef {string | number} Value */

/**
 * The parts of the SQL that differ between databases.
 * @typedef {object} Dialect
 * @property {string} name  of the database, in cursors
 * @property {(index: number, value: Value) => string} placeholder  of the value at this index, from 1
 * @property {(text: string) => string} time  a time from its ISO 8601 text
 * @property {(key: string) => string} jsonKey  a key of an object as `jsonString` takes it as a value
 * @property {(json: string, key: string) => string} jsonString  the text under a key; NULL if there is none, or it is no text
 * @property {(from: string, to: string, columns: string[]) => string} roots  the roots of the traces that began from `from`
 *   until before `to` and have ended, one for each trace
 * @property {(scope: Exclude<Scope, 'trace'>, columns: string[]) => string} related  what belongs to the traces of `roots`
 * @property {(textBytes: number) => string} observedKeys  rows of `key`, sorted by its bytes: one for each text in the
 *   metadata of `roots` that is not blank and has at most `textBytes`
 * @property {(text: string) => string} sorted  the text, sorted by its bytes
 * @property {(text: string) => string} bytes  its length in bytes
 * @property {(text: string, part: string) => string} contains  ignoring case
 * @property {{ column: string, join: string, head: string } | undefined} delta  where the order of arrival is: a column
 *   over `r` and its join, and the statement for the newest one, as `head`; undefined if it is not asked for here
 * @property {(sql: string, values: Value[]) => Promise<Record<string, any>[]>} run
 * @property {(keys: Record<string, any>[]) => Promise<Record<string, any>[]>} rows  all that a list shows of roots, in any order
 */

/** One SQL statement: its values, and the columns that it reads of the traces and of what belongs to them. */
export class Statement {
  #dialect;
  #times;
  /** @type {Value[]} */
  #values = [];
  /** @type {Map<Scope, Set<string>>} */
  #reads = new Map([['trace', new Set(['traceId', 'spanId', 'startedAt', 'endedAt'])]]);

  /** @param {Dialect} dialect @param {{ from: string, to: string }} timeRange */
  constructor(dialect, { from, to }) {
    this.#dialect = dialect;
    this.#times = /** @type {const} */ ([this.time(from), this.time(to)]);
  }

  /** @param {Value} value @returns {string} its place in the SQL */
  value(value) {
    return this.#dialect.placeholder(this.#values.push(value), value);
  }

  /** @param {string} time  in ISO 8601 @returns {string} */
  time(time) {
    return this.#dialect.time(this.value(time));
  }

  /** @param {string} json @param {string} key @returns {string} */
  jsonString(json, key) {
    return this.#dialect.jsonString(json, this.value(this.#dialect.jsonKey(key)));
  }

  /** @param {Scope} scope @param {string} column */
  reads(scope, column) {
    const columns = this.#reads.get(scope) ?? new Set();
    this.#reads.set(scope, columns.add(column));
  }

  /** @param {string} sql  over `roots`, and what it has said that it reads @returns {Promise<Record<string, any>[]>} */
  run(sql) {
    const { roots, related, run } = this.#dialect;
    const parts = [...this.#reads].map(([scope, names]) => {
      const columns = [...names];
      return scope === 'trace' ? `roots AS (${roots(...this.#times, columns)})` : `${scope} AS (${related(scope, columns)})`;
    });
    return run(`WITH ${parts.join(',\n')}\n${sql}`, this.#values);
  }
}
