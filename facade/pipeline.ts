import { openNative, type EngineEvent, type NativeExporter, type NativeOptions } from './binding.js';
import { jsonLines, type Encoder, type Entry } from './encoder.js';
import { deliverBeforeExit, type Flushable } from './exit.js';
import type { ExporterLog } from './log.js';
import type { Signal } from './signals.js';

/** Records handed over in one call at most; fewer when the turn of the event loop ends before. */
const MAX_ENTRIES = 32;
/** A timer that never fires in practice (24 days): it only keeps the process alive. */
const HOLD_MS = 2 ** 31 - 1;

/** The way of the records on the JS thread: gathered, encoded, handed over; and the answers of the engine. */
export class Pipeline implements Flushable {
  readonly #log: ExporterLog;
  readonly #native: NativeExporter;
  readonly #encoder: Encoder = jsonLines;
  readonly #flushes = new Map<number, () => void>();
  #entries: Entry[] = [];
  #scheduled: NodeJS.Immediate | undefined;
  #lastTicket = 0;
  #failed = false;

  constructor(options: NativeOptions, log: ExporterLog) {
    this.#log = log;
    // Weak: the engine's listener must not keep an exporter that the application has forgotten.
    const self = new WeakRef(this);
    this.#native = openNative(options, (json) => {
      const pipeline = self.deref();
      if (pipeline) pipeline.#onEvent(JSON.parse(json) as EngineEvent);
    });
  }

  /** Takes a record over. Never throws, never waits. */
  push(signal: Signal, record: object): void {
    if (this.#failed) return;
    if (this.#entries.push({ signal, record }) >= MAX_ENTRIES) this.#drain();
    else this.#scheduled ??= setImmediate(() => this.#drain());
  }

  /** Resolves when everything pushed before is delivered or dropped. Never rejects; keeps the process alive meanwhile. */
  flush(): Promise<void> {
    this.#drain();
    return new Promise((resolve) => {
      const ticket = (this.#lastTicket = (this.#lastTicket + 1) % 2 ** 32);
      if (this.#failed || !this.#native.flush(ticket)) return resolve();
      const hold = setInterval(() => {}, HOLD_MS);
      this.#flushes.set(ticket, () => {
        clearInterval(hold);
        resolve();
      });
      deliverBeforeExit.add(this);
    });
  }

  #drain(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (this.#entries.length === 0) return;
    const entries = this.#entries;
    this.#entries = [];
    const { text, count, problems } = this.#encoder.encode(entries);
    for (const problem of problems) this.#log.problem(problem);
    if (count > 0 && this.#native.submit(text, count)) deliverBeforeExit.add(this);
  }

  #onEvent(event: EngineEvent): void {
    this.#log.event(event);
    if (event.type === 'flushed') this.#resolve(event.ticket);
    if (event.type === 'engineFailed') this.#fail();
    const done = this.#flushes.size === 0 && this.#entries.length === 0 && this.#native.undelivered === 0;
    if (done || this.#failed) deliverBeforeExit.delete(this);
  }

  #resolve(ticket: number): void {
    this.#flushes.get(ticket)?.();
    this.#flushes.delete(ticket);
  }

  #fail(): void {
    this.#failed = true;
    this.#entries = [];
    for (const ticket of this.#flushes.keys()) this.#resolve(ticket);
  }
}
