/** @typedef {import('./records.mjs').StoreRecord} StoreRecord */

/** Traces that are remembered, the newest: those that are still coming in. */
const TRACES = 50_000;

/**
 * The names of the services that traces belong to. Mastra's exporters send them with logs, metrics, scores and feedback
 * but not with spans, and either may come first.
 */
export class ServiceNames {
  /** @type {Map<string, string>} */
  #names = new Map();
  /** Traces of which spans are stored that have no name. @type {Map<string, true>} */
  #unnamed = new Map();

  /**
   * Learns names from records, and gives spans those that are known.
   * @param {import('./records.mjs').Signal} signal
   * @param {StoreRecord[]} records
   */
  read(signal, records) {
    for (const record of records) {
      const { traceId, serviceName } = record;
      if (typeof traceId !== 'string') continue;
      if (typeof serviceName === 'string') remember(this.#names, traceId, serviceName);
      else if (signal === 'spans') name(record, this.#names.get(traceId));
    }
  }

  /**
   * The spans in the store that came before the name of their trace, once these records are stored.
   * @param {import('./records.mjs').Signal} signal
   * @param {StoreRecord[]} records  that have been read and stored
   * @returns {Map<string, string>} names by trace
   */
  late(signal, records) {
    const late = new Map();
    for (const { traceId, serviceName } of records) {
      if (typeof traceId !== 'string') continue;
      // A name that came while the spans were being stored counts too.
      const name = this.#names.get(traceId);
      const isUnnamed = signal === 'spans' ? serviceName == null : this.#unnamed.delete(traceId);
      if (isUnnamed && name !== undefined) late.set(traceId, name);
      else if (isUnnamed) remember(this.#unnamed, traceId, true);
    }
    return late;
  }
}

/** As if the span had said it: Studio filters by the metadata. @param {StoreRecord} span @param {string | undefined} serviceName */
function name(span, serviceName) {
  if (serviceName === undefined) return;
  span['serviceName'] = serviceName;
  span['metadata'] = { ...span['metadata'], serviceName };
}

/** @template T @param {Map<string, T>} map @param {string} key @param {T} value */
function remember(map, key, value) {
  map.delete(key);
  map.set(key, value);
  if (map.size > TRACES) map.delete(/** @type {string} */ (map.keys().next().value));
}
