import { isMainThread } from 'node:worker_threads';

import { encodePiece, type Entry, type Problem } from '../encode/encoder.js';
import type { Exported } from '../encode/records.js';
import { numberOption, openNative, type EngineEvent, type NativeExporter, type NativeOptions } from '../native/engine.js';
import { SIGNALS, type Signal } from '../native/signals.js';
import { readStats, type DropReason, type ExporterStats } from '../native/stats.js';
import { holdExit, releaseExit, watchExit, type Exiting } from './exit.js';

/**
 * Records handed over in one call at most; fewer when the turn of the event loop ends before. A worker can be
 * terminated in the middle of a turn, without a last word, so there each record is handed over at once.
 */
const MAX_ENTRIES = isMainThread ? 32 : 1;
/** A timer that never fires in practice (24 days): it only keeps the process alive. */
const HOLD_MS = 2 ** 31 - 1;

/** Told of each loss. */
export type OnDropped = (signal: Signal, reason: DropReason, count: number) => void;

/** Where the pipeline writes what happens. None of the methods may throw. */
export interface PipelineLog {
  /** The engine tells of something. */
  event(event: EngineEvent): void;
  /** A record could not be encoded as it was. */
  problem(problem: Problem): void;
  /** The process ends with records undelivered. */
  lostAtExit(lostRecords: number): void;
}

/** The way of the records on the JS thread: gathered, encoded, handed over; and the answers of the engine. */
export class Pipeline implements Exiting {
  readonly #log: PipelineLog;
  readonly #onDropped: OnDropped;
  readonly #native: NativeExporter;
  readonly #maxRecordChars: number;
  /** Flushes that wait for the engine, by ticket. */
  readonly #flushes = new Map<number, () => void>();
  #entries: Entry[] = [];
  #scheduled: NodeJS.Immediate | undefined;
  readonly #onTurnEnd = (): void => {
    this.#scheduled = undefined;
    if (this.#entries.length > 0) this.#handOverPiece();
  };
  #lastTicket = 0;
  /** Why nothing is taken any more. */
  #closed: 'shutdown' | 'engineFailed' | undefined;
  /** The engine answers no more. */
  #ended = false;

  constructor(options: NativeOptions, log: PipelineLog, onDropped: OnDropped) {
    this.#log = log;
    this.#onDropped = onDropped;
    this.#maxRecordChars = numberOption('maxRecordBytes', options);
    // Weak: the engine's listener must not keep an exporter that the application has forgotten.
    const self = new WeakRef(this);
    this.#native = openNative(options, (json) => {
      const pipeline = self.deref();
      if (pipeline) pipeline.#onEvent(JSON.parse(json) as EngineEvent);
    });
    watchExit(numberOption('exitTimeoutMs', options));
  }

  /** Takes over what the application has exported. Never throws, never waits. */
  push(signal: Signal, { record, complete }: Exported): void {
    if (this.#closed) return this.#discard(signal, this.#closed);
    if (this.#entries.length === 0) holdExit(this);
    if (this.#entries.push({ signal, record, complete }) >= MAX_ENTRIES) this.#handOverPiece();
    else this.#scheduled ??= setImmediate(this.#onTurnEnd);
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
    return asked.then(() => this.#end());
  }

  /** The same as a flush, for as many attempts as fit. */
  flushAtExit(withinMs: number): Promise<void> {
    return this.#ask((ticket) => this.#native.flushAtExit(ticket, withinMs));
  }

  /** Encodes all that has been gathered and hands it over. */
  handOver(): void {
    while (this.#entries.length > 0) this.#handOverPiece();
  }

  /** Records taken over and not yet delivered or dropped. */
  get undelivered(): number {
    return this.#entries.length + this.#native.undelivered;
  }

  /** Records given up so far. */
  get dropped(): number {
    const reasons = Object.values(this.stats()).flatMap(({ dropped }) => Object.values(dropped));
    return reasons.reduce((sum, count) => sum + count, 0);
  }

  /** Says how many records the end of the process has cost. */
  reportLost(lostRecords: number): void {
    if (lostRecords > 0) this.#log.lostAtExit(lostRecords);
  }

  stats(): ExporterStats {
    return readStats(this.#native.stats(), this.#entries);
  }

  /** As many as may be encoded in one go; the rest follows at the end of the turn. */
  #handOverPiece(): void {
    const entries = this.#entries;
    // Getters of records are the application's: what they export comes behind, not into what is being encoded.
    this.#entries = [];
    const { bytes, counts, taken, problems } = encodePiece(entries, this.#maxRecordChars);
    if (taken < entries.length) this.#entries = [...entries.slice(taken), ...this.#entries];
    for (const problem of problems) this.#onProblem(problem);
    if (!this.#native.submit(bytes, counts, Date.now())) this.#abandon();
    // Of records that were all left out no event will tell.
    if (counts.every((count) => count === 0)) this.#release();
    if (this.#entries.length > 0) {
      this.#scheduled ??= setImmediate(this.#onTurnEnd);
    } else {
      clearImmediate(this.#scheduled);
      this.#scheduled = undefined;
    }
  }

  #ask(ask: (ticket: number) => boolean): Promise<void> {
    this.handOver();
    return new Promise((resolve) => {
      const ticket = (this.#lastTicket = (this.#lastTicket + 1) % 2 ** 32);
      if (this.#ended || !ask(ticket)) return resolve();
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
    this.#release();
  }

  /** The end of the process need not wait for this exporter any more, if nothing of it is under way. */
  #release(): void {
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
    this.#end();
  }

  #end(): void {
    this.#ended = true;
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
