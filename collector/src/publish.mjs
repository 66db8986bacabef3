import { readBody } from './body.mjs';
import { HttpError } from './http-error.mjs';
import { buildRecord } from './records.mjs';
import { rootCause } from './store-error.mjs';
import { mayBeUnstorable, storable } from './text.mjs';
import { Turnstile } from './turnstile.mjs';
import { Writer } from './writer.mjs';

/** @typedef {import('./records.mjs').Signal} Signal */
/** @typedef {{ signal: Signal, projectId: string | undefined }} Target */
/** @typedef {{ stored: number, refused: number, unsupported: number }} Counts  records by what became of them */

const PATH = /^(?:\/projects\/([^/]+))?\/ai\/(spans|logs|metrics|scores|feedback)\/publish$/;

/** How many bodies are in memory at a time; the others wait unread in their sockets. */
const BODIES = 4;

/**
 * @param {string} path
 * @returns {Target | undefined} undefined if this is not where something is published
 */
export function publishTarget(path) {
  const match = PATH.exec(path);
  if (!match) return undefined;
  const [, project, signal] = match;
  return { signal: /** @type {Signal} */ (signal), projectId: project && decoded(project) };
}

/** The publish protocol: a body with a list of records, answered 200 once they are stored. */
export class Publisher {
  #log;
  #writer;
  #bodies = new Turnstile(BODIES);
  /** Of all requests since the start. @type {Counts} */
  counts = { stored: 0, refused: 0, unsupported: 0 };

  /**
   * @param {import('./store.mjs').Store} store
   * @param {(line: string) => void} log
   */
  constructor(store, log) {
    this.#writer = new Writer(store);
    this.#log = log;
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {Target} target
   * @returns {Promise<Counts>} of this request
   * @throws {HttpError} 400, 413, 415 for what was sent; 503 if the store does not work: the exporter tries again
   */
  publish(request, target) {
    return this.#bodies.run(async () => this.#store(parse(await readBody(request), target.signal), target));
  }

  /** @param {unknown[]} wire @param {Target} target @returns {Promise<Counts>} */
  async #store(wire, { signal, projectId }) {
    /** @type {string[]} */
    const reasons = [];
    const records = wire.flatMap(record => {
      try {
        return [buildRecord(signal, record, projectId)];
      } catch (error) {
        reasons.push(message(error));
        return [];
      }
    });
    const outcome = await this.#write(signal, records, reasons);
    const refused = reasons.length;
    const kept = wire.length - refused;
    const counts = { stored: 0, unsupported: 0, refused, [outcome]: kept };
    if (refused > 0) this.#log(`${refused} of ${wire.length} ${signal} refused; the first: ${reasons[0]}`);
    if (counts.unsupported > 0) this.#log(`${kept} ${signal} not kept: the store has no place for them`);
    this.counts.stored += counts.stored;
    this.counts.refused += counts.refused;
    this.counts.unsupported += counts.unsupported;
    return counts;
  }

  /** @param {Signal} signal @param {import('./records.mjs').StoreRecord[]} records @param {string[]} reasons */
  async #write(signal, records, reasons) {
    try {
      return await this.#writer.write(signal, records, error => reasons.push(message(error)));
    } catch (error) {
      this.#log(`The store does not work: ${message(error)}`);
      throw new HttpError(503, 'the store does not work at the moment');
    }
  }
}

/**
 * @param {string} text
 * @param {Signal} signal
 * @returns {unknown[]} the records, fit for a database; none for an empty body
 */
function parse(text, signal) {
  if (text === '') return [];
  let records;
  try {
    records = JSON.parse(text)?.[signal];
  } catch (error) {
    throw new HttpError(400, `the body is not JSON: ${message(error)}`);
  }
  if (!Array.isArray(records)) throw new HttpError(400, `the body has no list "${signal}"`);
  return mayBeUnstorable(text) ? records.map(tryStorable) : records;
}

/** @param {unknown} record @returns {unknown} undefined, which is no record, if it is nested too deep to be read */
function tryStorable(record) {
  try {
    return storable(record);
  } catch {
    return undefined;
  }
}

/** @param {unknown} error @returns {string} one line, not longer than one wants to read: it may quote what was sent */
function message(error) {
  const [line = ''] = String(rootCause(error)?.message ?? error).split('\n', 1);
  return line.slice(0, 200);
}

/** @param {string} segment  of a path */
function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
