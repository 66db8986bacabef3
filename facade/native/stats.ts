import { Date } from './clock.js';
import { SIGNALS, type Signal } from './signals.js';

/**
 * Why records were dropped.
 *
 * - `queueFull`: the queue needed the room (`maxQueueBytes`).
 * - `retriesExhausted`: `maxRetries` attempts failed, or `retryWindowMs` passed.
 * - `refused`: the collector answered that it will never accept them (400, 404 and the like).
 * - `tooLargeForCollector`: the collector refuses this one record, also alone (413).
 * - `recordTooLarge`: more JSON than `maxRecordBytes`.
 * - `unencodable`: the record cannot be read.
 * - `authRejected`: the collector rejects the token, or had done so shortly before.
 * - `quotaPaused`: the quota is used up.
 * - `shutdown`: left when `shutdown()` ended or `setDisabled()` was called, or exported after `shutdown()`.
 * - `engineFailed`: the engine has failed.
 * - `spoolFull`: the spool needed the room (`maxSpoolBytes`).
 * - `spoolExpired`: older than `maxSpoolAgeMs`.
 * - `spoolUnreadable`: the file it was spooled in is damaged or gone.
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
  | 'engineFailed'
  | 'spoolFull'
  | 'spoolExpired'
  | 'spoolUnreadable';

/** What has become of the records of one signal. All counts but the last five only grow. */
export interface SignalStats {
  /**
   * Records exported. `accepted` and `recovered` together are always the sum of `delivered`, all of `dropped`, `queued`,
   * `inFlight` and `spooled`.
   */
  accepted: number;
  /** Records that an earlier process had left in the spool (`spoolDirectory`). */
  recovered: number;
  /** Records that the collector has answered with 2xx. */
  delivered: number;
  /** Records given up, by reason. */
  dropped: Record<DropReason, number>;
  /** Records that were sent again; a record counts once for each further attempt. */
  retried: number;
  /** Records that wait. */
  queued: number;
  /** Bytes of JSON of the queued records, as far as they have been encoded. */
  queuedBytes: number;
  /** Records in requests that are not answered yet. */
  inFlight: number;
  /** Records that are in the spool and not in memory; those in memory are in the spool too, and count as queued or in flight. */
  spooled: number;
  /** Bytes that the spool takes on the disk for this exporter. */
  spoolBytes: number;
}

/**
 * What the exporter does with new records.
 *
 * - `healthy`: they are sent.
 * - `retrying`: an address fails or has asked for a pause; its records wait.
 * - `authCooldown`: the collector rejects the token; they are dropped until a cooldown is over.
 * - `quotaPaused`: the quota is used up; they are dropped until there is quota again.
 * - `disabled`: there is no token, or the engine has failed, and they are dropped. Also where the JavaScript exporters
 * stand in, which count nothing.
 */
export type ExporterState = (typeof EXPORTER_STATES)[number];

/** Every state. */
export const EXPORTER_STATES = ['healthy', 'retrying', 'authCooldown', 'quotaPaused', 'disabled'] as const;

/** The health of an exporter. */
export interface ExporterHealth {
  state: ExporterState;
  /** The last request that failed; kept after a success. `endpoint`: its URL without credentials and query. */
  lastError?: { at: Date; endpoint: string; cause: string };
  /** When the collector last accepted records. */
  lastDeliveredAt?: Date;
  /** Age of the oldest record that is neither delivered nor dropped, in milliseconds; 0 when there is none. */
  oldestQueuedMs: number;
}

/** What has become of every exported record, by signal, and the health of the exporter. */
export interface ExporterStats extends Record<Signal, SignalStats>, ExporterHealth {}

/** `Snapshot` of src/stats/account.rs. */
type Snapshot = Omit<SignalStats, 'dropped'> & { signal: Signal; dropped: [DropReason, number][] };

/** `Report` of src/stats.rs. */
interface Report {
  signals: Snapshot[];
  state: ExporterState;
  lastError: { atMs: number; endpoint: string; cause: string } | null;
  lastDeliveredAtMs: number | null;
  oldestQueuedMs: number;
  /** The URL of a request in flight without credentials and query. */
  unanswered: string | null;
}

/** The cause of records that are left while a collector has not answered, as `NO_ANSWER` in src/delivery/exporter/reports.rs. */
export const NO_ANSWER = 'no answer yet';

/** Why records are left. `endpoint`: a URL without credentials and query. */
export interface PossibleCause {
  endpoint: string;
  cause: string;
}

/** The last failure, or else a request that is not answered yet. */
export function possibleCause(json: string): PossibleCause | undefined {
  const { lastError, unanswered } = JSON.parse(json) as Report;
  if (lastError) return { endpoint: lastError.endpoint, cause: lastError.cause };
  return unanswered === null ? undefined : { endpoint: unanswered, cause: NO_ANSWER };
}

/** Reads the engine's counters and adds the records that have not been handed over yet, in the order of `SIGNALS`. */
export function readStats(json: string, waiting: readonly number[]): ExporterStats {
  const { signals, state, lastError, lastDeliveredAtMs, oldestQueuedMs } = JSON.parse(json) as Report;
  const entries = signals.map(({ signal, dropped, ...counts }) => {
    return [signal, { ...counts, dropped: Object.fromEntries(dropped) }] as const;
  });
  const health: ExporterHealth = {
    state,
    ...(lastError && { lastError: { at: new Date(lastError.atMs), endpoint: lastError.endpoint, cause: lastError.cause } }),
    ...(lastDeliveredAtMs !== null && { lastDeliveredAt: new Date(lastDeliveredAtMs) }),
    oldestQueuedMs,
  };
  const stats: ExporterStats = { ...(Object.fromEntries(entries) as Record<Signal, SignalStats>), ...health };
  SIGNALS.forEach((signal, index) => {
    stats[signal].accepted += waiting[index] ?? 0;
    stats[signal].queued += waiting[index] ?? 0;
  });
  return stats;
}

/** The counters of an exporter that is disabled. */
export function noStats(): ExporterStats {
  const none = () => ({
    accepted: 0,
    recovered: 0,
    delivered: 0,
    retried: 0,
    queued: 0,
    queuedBytes: 0,
    inFlight: 0,
    spooled: 0,
    spoolBytes: 0,
  });
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
    spoolFull: 0,
    spoolExpired: 0,
    spoolUnreadable: 0,
  });
  const signals = Object.fromEntries(SIGNALS.map((signal) => [signal, { ...none(), dropped: dropped() }]));
  return { ...(signals as Record<Signal, SignalStats>), state: 'disabled', oldestQueuedMs: 0 };
}
