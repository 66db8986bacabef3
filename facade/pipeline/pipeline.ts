import { isMainThread } from 'node:worker_threads';

import { Piece, type Entry, type Problem } from '../encode/encoder.js';
import { clearImmediate, clearInterval, setImmediate, setInterval, wallMs } from '../native/clock.js';
import { numberOption, openNative, type EngineEvent, type NativeExporter, type NativeOptions } from '../native/engine.js';
import { SIGNALS, type Signal } from '../native/signals.js';
import { possibleCause, readStats, type DropReason, type ExporterStats, type PossibleCause } from '../native/stats.js';
import { holdExit, releaseExit, watchExit, type Exiting } from './exit.js';
import { Hold, type Bytes, type HoldLimits } from './hold.js';

/**
 * The number of records handed over in one call, at most. The end of a turn of the event loop hands over fewer. A
 * worker can be terminated in the middle of a turn without notice, so a worker hands over each record at once.
 */
const MAX_RECORDS = isMainThread ? 32 : 1;
/** A timer that never fires in practice (24 days): it only keeps the process alive. */
const HOLD_MS = 2 ** 31 - 1;

/** Called for each loss. */
export type OnDropped = (signal: Signal, reason: DropReason, count: number) => void;

/** The log of the pipeline. None of its methods may throw. */
export interface PipelineLog {
  /** The engine reports an event. */
  event(event: EngineEvent): void;
  /** A record could not be encoded as it was. */
  problem(problem: Problem): void;
  /** The end of the process is delayed for at most this time because of this number of records. */
  heldAtExit(undeliveredRecords: number, withinMs: number): void;
  /** The process ends with records undelivered. */
  lostAtExit(lostRecords: number, reason?: PossibleCause): void;
  /** The process ends with records in the spool at this path. */
  keptAtExit(keptRecords: number, path: string): void;
}

/** The records on the JS thread: encoded, gathered and handed over; and the events of the engine. */
export class Pipeline implements Exiting {
  readonly #log: PipelineLog;
  readonly #onDropped: OnDropped;
  readonly #native: NativeExporter;
  readonly #piece: Piece;
  /** Whether a record is being read. */
  #encoding = false;
  /** Records that getters of a record exported while that record was read. */
  #behind: Entry[] = [];
  /** Only for an exporter whose class decides when records are sent. */
  #held: Hold | undefined;
  readonly #holdLimits: HoldLimits;
  readonly #spoolDirectory: string;
  /** Flushes that wait for the engine, by ticket. */
  readonly #flushes = new Map<number, () => void>();
  #scheduled: NodeJS.Immediate | undefined;
  readonly #onTurnEnd = (): void => {
    this.#scheduled = undefined;
    this.#takeBehind();
    if (this.#handOverPiece()) return;
    this.#log.event({ type: 'bufferDamaged', droppedRecords: this.#piece.total, cause: 'They could not be handed over.' });
    this.#dropPiece('unencodable');
  };
  #lastTicket = 0;
  /** Why no record is taken any more. */
  #closed: 'shutdown' | 'engineFailed' | undefined;
  /** Whether the engine sends no more events. */
  #ended = false;

  constructor(options: NativeOptions, log: PipelineLog, onDropped: OnDropped) {
    this.#log = log;
    this.#onDropped = onDropped;
    this.#piece = new Piece(MAX_RECORDS, numberOption('maxRecordBytes', options));
    const [maxBatchSize, maxBatchWaitMs] = [numberOption('maxBatchSize', options), numberOption('maxBatchWaitMs', options)];
    this.#holdLimits = { maxBatchSize, maxBatchWaitMs, maxQueueBytes: numberOption('maxQueueBytes', options) };
    this.#spoolDirectory = options.spoolDirectory ?? '';
    // Weak: the engine's listener must not keep an exporter alive that the application no longer refers to.
    const self = new WeakRef(this);
    this.#native = openNative(options, (json) => {
      const pipeline = self.deref();
      if (pipeline) pipeline.#onEvent(JSON.parse(json) as EngineEvent);
    });
    watchExit();
  }

  /**
   * Takes over an exported record; its objects are not read later. Never waits. Throws only where stack or memory has
   * run out before the record was taken over: see {@link lose}.
   */
  push(entry: Entry): void {
    if (this.#closed) return this.#discard(entry.signal, this.#closed);
    if (this.#encoding) this.#behind.push(entry);
    else this.#take(entry);
    try {
      if (!this.#piece.isFull || !this.#handOverPiece()) this.#schedule();
      this.#held?.onRecord();
    } catch {
      // The stack is full: the record waits for the next record or for a flush.
    }
  }

  /** Counts a record that could not be pushed. */
  lose(signal: Signal): void {
    this.#onProblem({ signal, record: {}, dropped: 'unencodable', replaced: [], replacedCount: 0 });
    this.#release();
  }

  /**
   * From now on only {@link flush} hands records over. `askToFlush` is called when a batch would be sent because of
   * size or time, and at the end of the process.
   */
  hold(askToFlush: (trigger: 'size' | 'time') => void): void {
    this.#held ??= new Hold(this.#holdLimits, askToFlush);
  }

  /**
   * Resolves when the engine has nothing more to wait for, after `withinMs` at the latest. Never rejects. Keeps the
   * process alive until then.
   */
  flush(withinMs: number): Promise<void> {
    this.#takeBehind();
    this.#handOverPiece();
    for (const { bytes, counts } of this.#held?.release() ?? []) this.#submit(bytes, counts);
    return this.#ask((ticket) => this.#native.flush(ticket, withinMs));
  }

  /** Flushes, but sends no held records. Takes no more records after that, and drops the remaining ones. */
  shutdown(withinMs: number): Promise<void> {
    this.#takeBehind();
    this.#handOverPiece();
    this.#dropHeld('shutdown');
    const asked = this.#ask((ticket) => this.#native.shutdown(ticket, withinMs));
    this.#closed ??= 'shutdown';
    return asked.then(() => this.#end());
  }

  /** Sends nothing any more: drops everything that waits, in the spool too. */
  disable(): void {
    this.#closed ??= 'shutdown';
    this.#dropPiece('shutdown');
    this.#dropHeld('shutdown');
    void this.#ask((ticket) => this.#native.disable(ticket)).then(() => this.#end());
  }

  /** Flushes, but does not stop waiting after three attempts. */
  flushAtExit(withinMs: number): Promise<void> {
    this.handOver();
    // Without this, the end of the script would ask a class that does not flush again and again.
    if (this.#native.undelivered === 0) return Promise.resolve();
    return this.#ask((ticket) => this.#native.flushAtExit(ticket, withinMs));
  }

  /** Hands over everything that was gathered. Of held records, those that the exporter's class flushes at once. */
  handOver(): void {
    this.#takeBehind();
    this.#handOverPiece();
    this.#held?.onExit();
  }

  /** The number of records taken over and not yet delivered, dropped or left to the spool. */
  get undelivered(): number {
    return this.#waiting().reduce((sum, count) => sum + count, this.#native.undelivered);
  }

  /** The number of records given up. */
  get dropped(): number {
    const stats = this.stats();
    const reasons = SIGNALS.flatMap((signal) => Object.values(stats[signal].dropped));
    return reasons.reduce((sum, count) => sum + count, 0);
  }

  /** Reports that the end of the process is delayed. */
  reportHeld(withinMs: number): void {
    this.#log.heldAtExit(this.undelivered, withinMs);
  }

  /** Reports how many records were lost at the end of the process. */
  reportLost(lostRecords: number): void {
    if (lostRecords > 0) this.#log.lostAtExit(lostRecords, possibleCause(this.#native.stats()));
  }

  /** Says how many records the process leaves in the spool. */
  reportKept(): void {
    const { spooled } = this.#native;
    // A shutdown has said it.
    if (spooled > 0 && !this.#ended) this.#log.keptAtExit(spooled, this.#spoolDirectory);
  }

  stats(): ExporterStats {
    return readStats(this.#native.stats(), this.#waiting());
  }

  /** Records of each signal that have not been handed over. */
  #waiting(): number[] {
    const behind = (signal: Signal) => this.#behind.filter((entry) => entry.signal === signal).length;
    const { total, counts } = this.#piece;
    return SIGNALS.map((signal, index) => (total > 0 ? counts[index]! : 0) + (this.#held?.counts[index] ?? 0) + behind(signal));
  }

  #take(entry: Entry): void {
    if (this.#piece.total === 0) holdExit(this);
    let problem: Problem | undefined;
    this.#encoding = true;
    try {
      problem = this.#piece.add(entry);
    } finally {
      this.#encoding = false;
    }
    if (problem) this.#onProblem(problem);
    // A getter of the record has closed the exporter.
    if (this.#closed) return this.#dropPiece(this.#closed);
    // No event will report a record that was left out.
    if (problem && this.#piece.total === 0) this.#release();
  }

  #takeBehind(): void {
    if (this.#encoding) return;
    const behind = this.#behind;
    this.#behind = [];
    for (const entry of behind) this.#take(entry);
  }

  #schedule(): void {
    this.#scheduled ??= setImmediate(this.#onTurnEnd);
  }

  /**
   * Returns false when something throws, such as on a full stack; the hand-over is then repeated at the end of the
   * turn.
   */
  #handOverPiece(): boolean {
    if (this.#piece.total === 0 || this.#encoding) return true;
    try {
      const counts = [...this.#piece.counts];
      const bytes = this.#piece.write();
      if (this.#held) this.#evict(this.#held.add({ bytes, counts }));
      else this.#submit(bytes, counts);
      // The piece is emptied by an assignment, because the stack may have no room for a call: nothing may be handed
      // over twice.
      this.#piece.total = 0;
      this.#piece.clear();
    } catch {
      return this.#piece.total === 0;
    }
    if (this.#behind.length > 0) {
      this.#schedule();
    } else {
      clearImmediate(this.#scheduled);
      this.#scheduled = undefined;
    }
    return true;
  }

  #evict(pieces: readonly Bytes[]): void {
    if (pieces.length === 0) return;
    this.#dropAll(pieces, 'queueFull');
    const droppedRecords = pieces.flatMap(({ counts }) => counts).reduce((sum, count) => sum + count, 0);
    this.#log.event({ type: 'queueOverflow', droppedRecords, maxQueueBytes: this.#holdLimits.maxQueueBytes });
  }

  #submit(bytes: ArrayBuffer, counts: number[]): void {
    if (!this.#native.submit(bytes, counts, wallMs())) this.#abandon();
  }

  #ask(ask: (ticket: number) => boolean): Promise<void> {
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

  /** The end of the process need not wait for this exporter any more, unless records of it are left. */
  #release(): void {
    if (this.#flushes.size === 0 && this.undelivered + this.#native.spooled === 0) releaseExit(this);
  }

  #onProblem(problem: Problem): void {
    if (problem.dropped) this.#discard(problem.signal, problem.dropped);
    try {
      this.#log.problem(problem);
    } catch {
      // The stack has no room for logging.
    }
  }

  #discard(signal: Signal, reason: DropReason): void {
    this.#drop(SIGNALS.map((other) => Number(other === signal)), reason);
  }

  /** The records gathered in this turn. While one is being read, they are dropped after it. */
  #dropPiece(reason: DropReason): void {
    if (this.#encoding) return;
    this.#takeBehind();
    if (this.#piece.total > 0) this.#drop(this.#piece.counts, reason);
    this.#piece.clear();
    this.#release();
  }

  #dropHeld(reason: DropReason): void {
    this.#dropAll(this.#held?.release() ?? [], reason);
  }

  #dropAll(pieces: readonly Bytes[], reason: DropReason): void {
    for (const { counts } of pieces) this.#drop(counts, reason);
  }

  #drop(counts: readonly number[], reason: DropReason): void {
    this.#native.discard([...counts], reason);
    this.#eachSignal(counts, reason);
  }

  #resolve(ticket: number): void {
    this.#flushes.get(ticket)?.();
    this.#flushes.delete(ticket);
  }

  #fail(): void {
    this.#takeBehind();
    this.#handOverPiece();
    this.#dropHeld('engineFailed');
    this.#closed = 'engineFailed';
    this.#abandon();
    this.#end();
  }

  #end(): void {
    this.#ended = true;
    for (const ticket of this.#flushes.keys()) this.#resolve(ticket);
  }

  /** The engine has failed: its remaining records are lost. */
  #abandon(): void {
    this.#eachSignal(this.#native.abandon(), 'engineFailed');
  }

  #eachSignal(counts: readonly number[], reason: DropReason): void {
    counts.forEach((count, index) => {
      const signal = SIGNALS[index];
      if (signal && count > 0) this.#onDropped(signal, reason, count);
    });
  }
}
