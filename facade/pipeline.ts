import { isMainThread } from 'node:worker_threads';

import { openNative, type EngineEvent, type NativeExporter, type NativeOptions } from './binding.js';
import { jsonLines, type Encoder, type Entry, type Problem } from './encoder.js';
import { holdExit, releaseExit, type Exiting } from './exit.js';
import type { ExporterLog } from './log.js';
import { numberOption } from './options.js';
import { SIGNALS, type Signal } from './signals.js';
import { readStats, type DropReason, type ExporterStats } from './stats.js';

/**
 * Records handed over in one call at most; fewer when the turn of the event loop ends before. A worker can be
 * terminated in the middle of a turn, without a last word, so there each record is handed over at once.
 */
const MAX_ENTRIES = isMainThread ? 32 : 1;
/** A timer that never fires in practice (24 days): it only keeps the process alive. */
const HOLD_MS = 2 ** 31 - 1;

/** Told of each loss. */
export type OnDropped = (signal: Signal, reason: DropReason, count: number) => void;

/** Where the pipeline writes what happens. */
export type PipelineLog = Pick<ExporterLog, 'event' | 'problem' | 'lostAtExit'>;

/** The way of the records on the JS thread: gathered, encoded, handed over; and the answers of the engine. */
export class Pipeline implements Exiting {
  /** How long the end of the process may be held for it. */
  readonly exitTimeoutMs: number;
  readonly #log: PipelineLog;
  readonly #onDropped: OnDropped;
  readonly #native: NativeExporter;
  readonly #encoder: Encoder;
  /** Flushes that wait for the engine, by ticket. */
  readonly #flushes = new Map<number, () => void>();
  #entries: Entry[] = [];
  #scheduled: NodeJS.Immediate | undefined;
  #lastTicket = 0;
  /** Why nothing is taken any more. */
  #closed: 'shutdown' | 'engineFailed' | undefined;

  constructor(options: NativeOptions, log: PipelineLog, onDropped: OnDropped) {
    this.exitTimeoutMs = numberOption('exitTimeoutMs', options);
    this.#log = log;
    this.#onDropped = onDropped;
    this.#encoder = jsonLines(numberOption('maxRecordBytes', options));
    // Weak: the engine's listener must not keep an exporter that the application has forgotten.
    const self = new WeakRef(this);
    this.#native = openNative(options, (json) => {
      const pipeline = self.deref();
      if (pipeline) pipeline.#onEvent(JSON.parse(json) as EngineEvent);
    });
  }

  /** Takes a record over. Never throws, never waits. */
  push(signal: Signal, record: object): void {
    if (this.#closed) return this.#discard(signal, this.#closed);
    if (this.#entries.length === 0) holdExit(this);
    if (this.#entries.push({ signal, record }) >= MAX_ENTRIES) this.handOver();
    else this.#scheduled ??= setImmediate(() => this.handOver());
  }

  /**
   * Resolves when the engine has nothing more to wait for, after `withinMs` at the latest. Never rejects; keeps the
   * process alive meanwhile.
   */
  flush(withinMs: number): Promise<void> {
    return this.#ask((ticket) => this.#native.flush(ticket, withinMs));
  }

  /** The same; nothing is taken any more, and what is left then is dropped. */
  shutdown(withinMs: number): Promise<void> {
    const asked = this.#ask((ticket) => this.#native.shutdown(ticket, withinMs));
    this.#closed ??= 'shutdown';
    return asked;
  }

  /** The same as a flush, for as many attempts as fit. */
  flushAtExit(withinMs: number): Promise<void> {
    return this.#ask((ticket) => this.#native.flushAtExit(ticket, withinMs));
  }

  /** Encodes what has been gathered and hands it over. */
  handOver(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (this.#entries.length === 0) return;
    const entries = this.#entries;
    this.#entries = [];
    const { text, counts, problems } = this.#encoder.encode(entries);
    for (const problem of problems) this.#onProblem(problem);
    if (text !== '' && !this.#native.submit(text, counts)) this.#abandon();
  }

  /** Records taken over and not yet delivered or dropped. */
  get undelivered(): number {
    return this.#entries.length + this.#native.undelivered;
  }

  /** Says how many records the end of the process has cost. */
  reportLost(): void {
    if (this.undelivered > 0) this.#log.lostAtExit(this.undelivered);
  }

  stats(): ExporterStats {
    return readStats(this.#native.stats(), this.#entries);
  }

  #ask(ask: (ticket: number) => boolean): Promise<void> {
    this.handOver();
    return new Promise((resolve) => {
      const ticket = (this.#lastTicket = (this.#lastTicket + 1) % 2 ** 32);
      if (this.#closed || !ask(ticket)) return resolve();
      const hold = setInterval(() => {}, HOLD_MS);
      this.#flushes.set(ticket, () => {
        clearInterval(hold);
        resolve();
      });
      holdExit(this);
    });
  }

  #onEvent(event: EngineEvent): void {
    this.#log.event(event);
    if (event.type === 'dropped') this.#onDropped(event.signal, event.reason, event.count);
    if (event.type === 'flushed') this.#resolve(event.ticket);
    if (event.type === 'engineFailed') this.#fail();
    if (this.#flushes.size === 0 && this.undelivered === 0) releaseExit(this);
  }

  #onProblem({ signal, dropped, ...rest }: Problem): void {
    this.#log.problem({ signal, ...rest, ...(dropped ? { dropped } : {}) });
    if (dropped) this.#discard(signal, dropped);
  }

  #discard(signal: Signal, reason: DropReason): void {
    this.#native.discard(
      SIGNALS.map((other) => Number(other === signal)),
      reason,
    );
    this.#onDropped(signal, reason, 1);
  }

  #resolve(ticket: number): void {
    this.#flushes.get(ticket)?.();
    this.#flushes.delete(ticket);
  }

  #fail(): void {
    this.handOver();
    this.#closed = 'engineFailed';
    this.#abandon();
    for (const ticket of this.#flushes.keys()) this.#resolve(ticket);
  }

  /** The engine has failed: what it still had is lost. */
  #abandon(): void {
    this.#native.abandon().forEach((count, index) => {
      const signal = SIGNALS[index];
      if (signal && count > 0) this.#onDropped(signal, 'engineFailed', count);
    });
  }
}
