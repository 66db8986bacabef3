import { clearTimeout, monotonicMs, setTimeout } from '../native/clock.js';
import { SIGNALS } from '../native/signals.js';

/** Records in the form that the engine reads. */
export interface Bytes {
  bytes: ArrayBuffer;
  /** Records of each signal, in the order of `SIGNALS`. */
  counts: number[];
}

/** When a batch is due, and the limit on what is held. */
export interface HoldLimits {
  maxBatchSize: number;
  maxBatchWaitMs: number;
  maxQueueBytes: number;
}

/**
 * The records of an exporter whose class overrides `flush()`, and so decides what is sent and when. They stay on the JS
 * thread until the class has flushed. The class is asked to flush when the peer would call `flush()`: for each record
 * once there are `maxBatchSize`, or once the first has waited for `maxBatchWaitMs`.
 */
export class Hold {
  /** Records of each signal, in the order of `SIGNALS`. */
  readonly counts = SIGNALS.map(() => 0);
  readonly #limits: HoldLimits;
  readonly #askToFlush: (trigger: 'size' | 'time') => void;
  readonly #pieces: Bytes[] = [];
  #bytes = 0;
  /** Records exported since the last flush. */
  #recordsSince = 0;
  #sinceMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: HoldLimits, askToFlush: (trigger: 'size' | 'time') => void) {
    this.#limits = limits;
    this.#askToFlush = askToFlush;
  }

  /** A record was exported. */
  onRecord(): void {
    const { maxBatchSize, maxBatchWaitMs } = this.#limits;
    if ((this.#recordsSince += 1) === 1) this.#sinceMs = monotonicMs();
    if (this.#recordsSince >= maxBatchSize || monotonicMs() - this.#sinceMs >= maxBatchWaitMs) return this.#askToFlush('size');
    // The end of the script asks for a flush too, so this timer need not keep the process alive.
    if (this.#recordsSince === 1) this.#timer = setTimeout(() => this.#askToFlush('time'), maxBatchWaitMs).unref();
  }

  /** Asks for a flush, because the process is about to end. */
  onExit(): void {
    if (this.#recordsSince > 0) this.#askToFlush('time');
  }

  /** Holds a piece; returns the oldest pieces, which have to be dropped because there is no room for them. */
  add(piece: Bytes): Bytes[] {
    this.#pieces.push(piece);
    this.#count(piece, 1);
    const evicted: Bytes[] = [];
    while (this.#bytes > this.#limits.maxQueueBytes && this.#pieces.length > 1) {
      const oldest = this.#pieces.shift()!;
      this.#count(oldest, -1);
      evicted.push(oldest);
    }
    return evicted;
  }

  /** Takes out everything that is held. */
  release(): Bytes[] {
    clearTimeout(this.#timer);
    this.#recordsSince = 0;
    this.#bytes = 0;
    this.counts.fill(0);
    return this.#pieces.splice(0);
  }

  #count({ bytes, counts }: Bytes, sign: 1 | -1): void {
    this.#bytes += sign * bytes.byteLength;
    counts.forEach((count, index) => { this.counts[index]! += sign * count; });
  }
}
