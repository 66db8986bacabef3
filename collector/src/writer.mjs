import { isNotImplemented, rootCause } from './store-error.mjs';
import { Turnstile } from './turnstile.mjs';

/** @typedef {import('./records.mjs').Signal} Signal */
/** @typedef {import('./records.mjs').StoreRecord} StoreRecord */

/**
 * The number of records given to the store at once: Postgres takes 65535 values in a statement, and a record has up to
 * 50.
 */
const CHUNK = 500;
/** After this number of failures in a row that are not about data, the fault is the store's and not the records'. */
const OUTAGE_AFTER = 3;

/** How a signal is stored: the name of the store's method, and of the list in its argument. */
const CREATE = /** @type {const} */ ({
  spans: ['batchCreateSpans', 'records'],
  logs: ['batchCreateLogs', 'logs'],
  metrics: ['batchCreateMetrics', 'metrics'],
  scores: ['batchCreateScores', 'scores'],
  feedback: ['batchCreateFeedback', 'feedbacks'],
});

/** Puts records into the store. */
export class Writer {
  #store;
  #turnstile;
  /** @type {Set<Signal>} */
  #unsupported = new Set();

  /** @param {import('./store.mjs').Store} store */
  constructor(store) {
    this.#store = store;
    this.#turnstile = new Turnstile(store.writers);
  }

  /**
   * Stores records; what is wrong with one costs this one.
   * @param {Signal} signal
   * @param {StoreRecord[]} records
   * @param {(error: unknown) => void} onRefused  called for each record that the store does not take
   * @returns {Promise<'stored' | 'unsupported'>} `unsupported` if the store has no place for the signal
   * @throws if the store does not work: what has been stored until then is known to it when it comes again
   */
  async write(signal, records, onRefused) {
    for (let start = 0; start < records.length; start += CHUNK) {
      if (this.#unsupported.has(signal)) return 'unsupported';
      const chunk = records.slice(start, start + CHUNK);
      try {
        await this.#turnstile.run(() => this.#create(signal, chunk));
      } catch (error) {
        if (isNotImplemented(error)) this.#unsupported.add(signal);
        else await this.#oneByOne(signal, chunk, onRefused);
      }
    }
    return this.#unsupported.has(signal) ? 'unsupported' : 'stored';
  }

  /**
   * Gives stored spans the name of their service. A store that cannot change what it has leaves them without.
   * @param {Map<string, string>} names  by trace
   */
  async nameTraces(names) {
    await this.#turnstile.run(async () => this.#store.nameTraces?.(names));
  }

  /** @param {Signal} signal @param {StoreRecord[]} records @param {(error: unknown) => void} onRefused */
  async #oneByOne(signal, records, onRefused) {
    /** Failures that may be the store's fault, until a record is stored after them. @type {unknown[]} */
    let suspects = [];
    for (const record of records) {
      try {
        await this.#turnstile.run(() => this.#create(signal, [record]));
        suspects.forEach(onRefused);
        suspects = [];
      } catch (error) {
        // Nesting that is too deep for JSON.stringify is not the store's fault either.
        if (this.#store.isAboutData(error) || rootCause(error) instanceof RangeError) onRefused(error);
        else if (suspects.push(error) === OUTAGE_AFTER) throw error;
      }
    }
    if (suspects.length > 0) throw suspects[0];
  }

  /** @param {Signal} signal @param {StoreRecord[]} records */
  async #create(signal, records) {
    const [method, list] = CREATE[signal];
    const { observability } = this.#store;
    await /** @type {Function} */ (observability[method]).call(observability, { [list]: records });
  }
}
