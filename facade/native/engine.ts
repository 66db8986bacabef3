import { native, type NativeModule } from './load.js';
import type { Signal } from './signals.js';
import type { DropReason } from './stats.js';

/** The native half of an exporter; see `src/binding.rs`. */
export type NativeExporter = InstanceType<NativeModule['NativeExporter']>;

/**
 * Opens a native exporter. `onEvent` gets the JSON text of each `EngineEvent` on this thread.
 *
 * @throws Error without the binary: then no native exporter is made (`fallback.ts`).
 */
export function openNative(options: NativeOptions, onEvent: (json: string) => void): NativeExporter {
  if (!native) throw new Error('the native binary is not loaded');
  return new native.NativeExporter(JSON.stringify(options), onEvent);
}

/** The one table of defaults and limits (src/config.rs); empty without the binary. */
export const OPTION_SPECS = JSON.parse(native?.optionSpecs() ?? '[]') as OptionSpec[];

/** A number option: its unit, its default and its limits. */
export interface OptionSpec {
  name: NumberOption;
  unit: string;
  /** The default. Absent: without the option there is no such limit. */
  default: number | null;
  min: number;
  max: number;
  /** The peer has this option too and accepts any value: a value out of range is brought into range. */
  lenient: boolean;
}

export type NumberOption =
  | 'maxBatchSize'
  | 'maxBatchWaitMs'
  | 'maxRetries'
  | 'retryWindowMs'
  | 'requestTimeoutMs'
  | 'connectTimeoutMs'
  | 'flushTimeoutMs'
  | 'shutdownTimeoutMs'
  | 'exitTimeoutMs'
  | 'maxBatchBytes'
  | 'maxRecordBytes'
  | 'maxQueueBytes'
  | 'maxSpoolBytes'
  | 'maxSpoolAgeMs';

/** The value of a number option: the given one, else its default. */
export function numberOption(name: NumberOption, given: Partial<Record<NumberOption, number | undefined>>): number {
  return given[name] ?? OPTION_SPECS.find((spec) => spec.name === name)?.default ?? Infinity;
}

/** `RawOptions` of src/config.rs; numbers that the user did not set are absent. */
export type NativeOptions = {
  accessToken: string;
  /** In the order of `SIGNALS`. */
  endpoints: string[];
  compression?: 'none' | 'gzip';
  /** An absolute path. */
  spoolDirectory?: string;
  spoolSync?: 'interval' | 'none';
  /** The proxy of each endpoint. */
  proxies?: (string | null)[];
  quotaPause?: boolean;
} & Partial<Record<NumberOption, number | undefined>>;

/** Sets the root certificates that all exporters of the process trust: PEM. Only the first call has an effect. */
export function trustCertificates(pem: string): void {
  native?.trustCertificates(pem);
}

/**
 * Blocks until all exporters of the process have delivered or dropped everything, for `withinMs` at most; returns the
 * number of records that are left. For the end of the process only.
 */
export function drainAll(withinMs: number): number {
  return native?.drain(withinMs) ?? 0;
}

/** The longest `exitTimeoutMs` of all exporters of the process, those of workers included. */
export function longestExitTimeoutMs(): number {
  return native?.exitTimeoutMs() ?? 0;
}

/** `Event` of src/event.rs. Counts are numbers of records, durations whole milliseconds. */
export type EngineEvent =
  | { type: 'batchStarted'; bufferedEvents: number }
  | ({ type: 'batchDelivered'; droppedEventsDuringAuthCooldown?: number } & BatchResult)
  | ({ type: 'batchIncomplete'; failedSignals: string[] } & BatchResult)
  | {
      type: 'signalDropped';
      signal: string;
      droppedBatchSize: number;
      endpoint: string;
      attempts: number;
      status?: number;
      answer?: string;
      cause: string;
    }
  | {
      type: 'unreachable';
      signals: Signal[];
      endpoint: string;
      cause: string;
      failingForMs: number;
      waitingRecords: number;
      keptForMs: number;
    }
  | { type: 'reachable'; signals: Signal[]; endpoint: string; downMs: number; waitingRecords: number }
  | { type: 'tryFailed'; signal: Signal; endpoint: string; attempt: number; cause: string }
  | { type: 'partlyRefused'; signal: Signal; endpoint: string; refusedRecords: number; reason: string }
  | {
      type: 'authCooldown';
      status: number;
      answer?: string;
      endpoint: string;
      failedSignals: string[];
      droppedBatchSize: number;
      droppedEventsDuringCooldown: number;
      authFailureCount: number;
      cooldownMs: number;
    }
  | { type: 'queueOverflow'; droppedRecords: number; maxQueueBytes: number }
  | { type: 'dropped'; signal: Signal; reason: DropReason; count: number }
  | { type: 'recordDropped'; signal: Signal; reason: DropReason; record: object; bytes: number }
  | { type: 'bufferDamaged'; droppedRecords: number; cause: string }
  | { type: 'quotaPaused'; probeAfterSeconds: number }
  | { type: 'quotaResumed' }
  | { type: 'spoolFailed'; path: string; error: string }
  | { type: 'spoolResumed'; path: string }
  | { type: 'spoolUnreadable'; path: string; droppedRecords: number; damagedBytes: number }
  | { type: 'spoolLeftAlone'; path: string; version: number }
  | { type: 'spoolDropped'; reason: DropReason; droppedRecords: number }
  | { type: 'shutdownKept'; keptRecords: number; path: string }
  | { type: 'shutdownIncomplete'; droppedRecords: number; endpoint?: string; cause?: string }
  | { type: 'flushed'; ticket: number }
  | { type: 'engineFailed'; message: string };

interface BatchResult {
  batchSize: number;
  flushReason: 'size' | 'time';
  durationMs: number;
}
