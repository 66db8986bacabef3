import { BODY_LIMIT_BYTES, readBody } from './body.mjs';
import { ByteBudget } from './byte-budget.mjs';
import { HttpError } from './http-error.mjs';
import { findRecords } from './record-list.mjs';
import { parseRecords } from './record-parts.mjs';
import { ServiceNames } from './service-names.mjs';
import { Slices } from './slices.mjs';
import { decoded, firstLine } from './text.mjs';
import { Turnstile } from './turnstile.mjs';
import { Writer } from './writer.mjs';

/** @typedef {import('./records.mjs').Signal} Signal */
/** @typedef {{ signal: Signal, projectId: string | undefined }} Target */
/** @typedef {{ stored: number, refused: number, unsupported: number }} Counts  records by what became of them */
/** @typedef {Counts & { reason?: string }} Answer  `reason` says why the first refused record was refused */

const PATH = /^(?:\/projects\/([^/]+))?\/ai\/(spans|logs|metrics|scores|feedback)\/publish$/;

/** The limit on the bytes of all bodies in memory together. */
const BUDGET_BYTES = 2 * BODY_LIMIT_BYTES;
/** The number of parts of bodies that are parsed and stored at a time. */
const PARTS = 4;

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
  #status;
  #budget = new ByteBudget(BUDGET_BYTES);
  #serviceNames = new ServiceNames();
  #slices = new Slices();
  #parts = new Turnstile(PARTS);

  /**
   * @param {import('./store.mjs').Store} store
   * @param {import('./status.mjs').Status} status
   * @param {ReturnType<typeof import('./held-back.mjs').createHeldBack>} log
   */
  constructor(store, status, log) {
    this.#writer = new Writer(store);
    this.#status = status;
    this.#log = log;
  }

  /** Bytes of bodies in memory. */
  get bodyBytes() {
    return this.#budget.usedBytes;
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {Target} target
   * @returns {Promise<Answer>} the counts of this request
   * @throws {HttpError} 400, 408, 413, 415 for what was sent; 503 if the store does not work: the exporter tries again
   */
  async publish(request, target) {
    const share = this.#budget.open();
    try {
      const body = await readBody(request, share.take);
      share.whole();
      return await this.#store(body, target);
    } finally {
      share.close();
    }
  }

  /** @param {Buffer} body @param {Target} target @returns {Promise<Answer>} */
  async #store(body, { signal, projectId }) {
    const counts = { stored: 0, unsupported: 0, refused: 0 };
    if (body.length === 0) return counts;
    const texts = await this.#slices.run(findRecords(body, signal));
    /** The first one only, because there may be as many as records. @type {string | undefined} */
    let reason;
    const onRefused = (/** @type {unknown} */ error) => {
      counts.refused++;
      reason ??= firstLine(error);
    };
    try {
      for (let next = 0; next < texts.length;) {
        next = await this.#parts.run(async () => {
          const { records, end } = await this.#slices.run(parseRecords(body, texts, next, { signal, projectId, onRefused }));
          const refusedBefore = counts.refused;
          this.#serviceNames.read(signal, records);
          const outcome = await this.#writer.write(signal, records, onRefused);
          await this.#name(this.#serviceNames.late(signal, records));
          counts[outcome] += records.length - (counts.refused - refusedBefore);
          return end;
        });
      }
      if (counts.stored > 0 && this.#status.storeWorked()) this.#log.write('recovered', 'The store works again');
    } catch (error) {
      this.#status.records.failed += texts.length - counts.stored - counts.unsupported - counts.refused;
      this.#status.storeFailed(firstLine(error));
      this.#log.write('store', `The store does not work: ${firstLine(error)}`);
      throw new HttpError(503, 'the store does not work at the moment');
    } finally {
      for (const outcome of /** @type {const} */ (['stored', 'refused', 'unsupported'])) {
        this.#status.records[outcome] += counts[outcome];
      }
      if (counts.refused > 0) {
        this.#log.write(`refused ${signal}`, `${counts.refused} of ${texts.length} ${signal} refused; the first: ${reason}`);
      }
      if (counts.unsupported > 0) {
        this.#log.write(`unsupported ${signal}`, `${counts.unsupported} ${signal} not kept: the store has no place for them`);
      }
    }
    return reason === undefined ? counts : { ...counts, reason };
  }

  /**
   * Names spans that are stored already. They are stored either way, so a failure costs the name alone.
   * @param {Map<string, string>} names  by trace
   */
  async #name(names) {
    if (names.size === 0) return;
    try {
      await this.#writer.nameTraces(names);
    } catch (error) {
      this.#log.write('names', `The service of ${names.size === 1 ? 'a trace' : `${names.size} traces`} is not stored with their spans: ${firstLine(error)}`);
    }
  }
}
