import { SIGNALS, type Signal } from './signals.js';

/**
 * Why records were dropped.
 *
 * - `queueFull`: the queue needed the room (`maxQueueBytes`).
 * - `retriesExhausted`: `maxRetries` attempts failed, or `retryWindowMs` passed.
 * - `refused`: the collector answered that it will never take them (400, 404 and the like).
 * - `tooLargeForCollector`: the collector does not take this one record, not even alone (413).
 * - `recordTooLarge`: more JSON than `maxRecordBytes`.
 * - `unencodable`: the record cannot be read.
 * - `authRejected`: the collector rejects the token, or had done so shortly before.
 * - `quotaPaused`: the quota is used up.
 * - `shutdown`: left when `shutdown()` ended or `setDisabled()` was called, or exported after `shutdown()`.
 * - `engineFailed`: the engine has failed.
 */
export type DropReason =
  | 'queueFull'
  | 'retriesExhausted'
  | 'refused'
  | 'tooLargeForCollector'
  | 'recordTooLarge'
  | 'unencodable'
  | 'authRejected'
  | 'quotaPaused'
  | 'shutdown'
  | 'engineFailed';

/** What has become of the records of one signal. Counts only grow, except for the last three. */
export interface SignalStats {
  /** Records exported; always `delivered` + all of `dropped` + `queued` + `inFlight`. */
  accepted: number;
  /** Records that the collector has answered with 2xx. */
  delivered: number;
  /** Records given up, by reason. */
  dropped: Record<DropReason, number>;
  /** Records that were sent again, once for each time. */
  retried: number;
  /** Records that wait. */
  queued: number;
  /** Bytes of JSON of the queued records, as far as they have been encoded. */
  queuedBytes: number;
  /** Records in requests that are not answered yet. */
  inFlight: number;
}

/** What has become of everything that was exported, by signal. */
export type ExporterStats = Record<Signal, SignalStats>;

/** `Snapshot` of src/stats.rs. */
type Snapshot = Omit<SignalStats, 'dropped'> & { signal: Signal; dropped: [DropReason, number][] };

/** Reads the engine's counters and adds the records that have not been handed over yet, in the order of `SIGNALS`. */
export function readStats(json: string, waiting: readonly number[]): ExporterStats {
  const entries = (JSON.parse(json) as Snapshot[]).map(({ signal, dropped, ...counts }) => {
    return [signal, { ...counts, dropped: Object.fromEntries(dropped) }] as const;
  });
  const stats = Object.fromEntries(entries) as ExporterStats;
  SIGNALS.forEach((signal, index) => {
    stats[signal].accepted += waiting[index] ?? 0;
    stats[signal].queued += waiting[index] ?? 0;
  });
  return stats;
}

/** The counters of an exporter that is disabled. */
export function noStats(): ExporterStats {
  const none = () => ({ accepted: 0, delivered: 0, retried: 0, queued: 0, queuedBytes: 0, inFlight: 0 });
  const dropped = (): Record<DropReason, number> => ({
    queueFull: 0,
    retriesExhausted: 0,
    refused: 0,
    tooLargeForCollector: 0,
    recordTooLarge: 0,
    unencodable: 0,
    authRejected: 0,
    quotaPaused: 0,
    shutdown: 0,
    engineFailed: 0,
  });
  return Object.fromEntries(SIGNALS.map((signal) => [signal, { ...none(), dropped: dropped() }])) as ExporterStats;
}
