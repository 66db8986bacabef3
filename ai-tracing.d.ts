import { BaseExporter } from "@mastra/core/ai-tracing";
import { IMastraLogger, LogLevel } from "@mastra/core/logger";

//#region facade/native/load.d.ts
/**
 * Which exporters are in use: the native ones, `path` being the absolute path of the binary; or the JavaScript ones of
 * `@mastra/observability` in their place, and why.
 */
type NativeBinding = {
  loaded: true;
  path: string;
} | {
  loaded: false;
  reason: string;
};
/** Tells whether the native exporters are in use, or why they are not. */
declare const nativeBinding: NativeBinding;
//#endregion
//#region facade/contracts/native-options.d.ts
/** Options that the exporters have beyond those of `@mastra/observability`. Wrong values are refused. */
interface NativeExporterOptions {
  /**
   * How long a batch is tried again, in milliseconds, when `maxRetries` is not given. An integer from 0 to 86400000;
   * default 300000.
   */
  retryWindowMs?: number;
  /**
   * Time limit of one attempt in milliseconds, from connecting to the end of the answer. An integer from 1 to 600000;
   * default 30000.
   */
  requestTimeoutMs?: number;
  /**
   * Time limit of making a connection, in milliseconds, within `requestTimeoutMs`. The addresses of a name share it: of
   * two, the second is tried after half of it. An integer from 1 to 600000; default 10000.
   */
  connectTimeoutMs?: number;
  /** How long `flush()` waits at most, in milliseconds. An integer from 0 to 600000; default 30000. */
  flushTimeoutMs?: number;
  /** How long `shutdown()` waits at most, in milliseconds. An integer from 0 to 600000; default 8000. */
  shutdownTimeoutMs?: number;
  /** How long the end of the process is held at most, in milliseconds. An integer from 0 to 600000; default 2000. */
  exitTimeoutMs?: number;
  /**
   * A request's body does not grow beyond this before compression, in bytes, nor beyond an eighth of `maxQueueBytes`,
   * unless one record alone does. An integer from 1024 to 268435456; default 4194304 (4 MiB).
   */
  maxBatchBytes?: number;
  /** A record with more JSON than this is dropped, in bytes. An integer from 1024 to 268435456; default 16777216. */
  maxRecordBytes?: number;
  /**
   * Memory for records that wait or are under way, in bytes: their JSON, and what keeping it costs. When it is full the
   * oldest waiting records are dropped. An integer from 1048576 (1 MiB) to 4294967296 (4 GiB); default 67108864 (64 MiB).
   */
  maxQueueBytes?: number;
  /** How bodies travel: as they are, or with `content-encoding: gzip`. Default `'none'`. */
  compression?: 'none' | 'gzip';
}
//#endregion
//#region facade/native/signals.d.ts
/** The five kinds of telemetry, in the order of `Signal::ALL` (src/signal.rs); the index is the kind of its records on the wire. */
declare const SIGNALS: readonly ["traces", "logs", "metrics", "scores", "feedback"];
type Signal = (typeof SIGNALS)[number];
//#endregion
//#region facade/native/stats.d.ts
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
type DropReason = 'queueFull' | 'retriesExhausted' | 'refused' | 'tooLargeForCollector' | 'recordTooLarge' | 'unencodable' | 'authRejected' | 'quotaPaused' | 'shutdown' | 'engineFailed';
/** What has become of the records of one signal. Counts only grow, except for the last three. */
interface SignalStats {
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
/**
 * What the exporter does with new records.
 *
 * - `healthy`: they are sent.
 * - `retrying`: an address fails or asks to be left alone; its records wait.
 * - `authCooldown`: the collector rejects the token; they are dropped for a while.
 * - `quotaPaused`: the quota is used up; they are dropped until there is some again.
 * - `disabled`: there is no token, or the engine has failed, and they are dropped; or the JavaScript exporters stand in,
 *   which count nothing.
 */
type ExporterState = (typeof EXPORTER_STATES)[number];
/** Every state. */
declare const EXPORTER_STATES: readonly ["healthy", "retrying", "authCooldown", "quotaPaused", "disabled"];
/** How an exporter fares. */
interface ExporterHealth {
  state: ExporterState;
  /** The last request that failed; it stays after a success. `endpoint`: its URL without credentials and query. */
  lastError?: {
    at: Date;
    endpoint: string;
    cause: string;
  };
  /** When the collector last took records. */
  lastDeliveredAt?: Date;
  /** Age of the oldest record that is neither delivered nor dropped, in milliseconds; 0 when there is none. */
  oldestQueuedMs: number;
}
/** What has become of everything that was exported, by signal, and how the exporter fares. */
interface ExporterStats extends Record<Signal, SignalStats>, ExporterHealth {}
//#endregion
//#region facade/contracts/ai-tracing/record.d.ts
/** The fields of `AnyExportedAISpan` of `@mastra/core` 0.24 that are read. */
interface ExportedAISpan {
  id: string;
  traceId: string;
  parentSpanId?: string | undefined;
  name: string;
  type: string;
  startTime: Date;
  endTime?: Date | undefined;
  attributes?: unknown;
  metadata?: unknown;
  input?: unknown;
  output?: unknown;
  errorInfo?: unknown;
  isEvent: boolean;
}
//#endregion
//#region facade/contracts/ai-tracing/cloud-exporter.d.ts
/** The options of `CloudExporter` of `@mastra/core/ai-tracing` (0.24), and ours. */
interface CloudExporterConfig extends NativeExporterOptions {
  /** Records of a batch at most; default 1000. */
  maxBatchSize?: number;
  /** A batch is sent so many milliseconds after its first record at the latest; default 5000. */
  maxBatchWaitMs?: number;
  /** Attempts in all; by default `retryWindowMs` decides. */
  maxRetries?: number;
  /** Default `MASTRA_CLOUD_ACCESS_TOKEN`; without either the exporter is disabled. */
  accessToken?: string;
  /** The URL to publish to; default `MASTRA_CLOUD_AI_TRACES_ENDPOINT`, then `https://api.mastra.ai/ai/spans/publish`. */
  endpoint?: string;
  /** Default: the console, until Mastra sets its own. */
  logger?: IMastraLogger;
  /** Of the default logger; default `'info'`. */
  logLevel?: LogLevel | 'debug' | 'info' | 'warn' | 'error';
}
/** `AITracingEvent` of `@mastra/core` 0.24. */
interface AITracingEvent {
  /** Spans are exported at `'span_ended'`. */
  type: string;
  exportedSpan: ExportedAISpan;
}
declare class NativeCloudExporter extends BaseExporter {
  #private;
  name: string;
  constructor(config?: CloudExporterConfig);
  /** Also drops what waits, so that nothing more is sent. What is under way cannot be recalled. */
  protected setDisabled(reason: string): void;
  /** Exports an ended span; other events are ignored. */
  protected _exportEvent(event: AITracingEvent): Promise<void>;
  /**
   * Sends what was exported before this call and waits until each record is delivered, dropped or has been tried three
   * times, for `flushTimeoutMs` at most. What is undelivered stays queued. Never rejects.
   */
  flush(): Promise<void>;
  /**
   * A flush within `shutdownTimeoutMs`; then the exporter takes no more records, and what is left is dropped and
   * reported once. Never rejects.
   */
  shutdown(): Promise<void>;
  /** What has become of everything that was exported; all zero where it was disabled from the start. Cheap. */
  stats(): ExporterStats;
  /** The same as Prometheus text (exposition format 0.0.4), each sample with the label `exporter`. Cheap. */
  metrics(): string;
}
declare const CloudExporter_base: typeof NativeCloudExporter;
/**
 * Sends ended spans to a Mastra collector. A drop-in for `CloudExporter` of `@mastra/core/ai-tracing` (0.24): same
 * options, environment variables, requests, log lines and error ids; batching, retries and requests run on a native
 * thread. Without the binary it is the JavaScript exporter (see `nativeBinding`).
 *
 * @throws MastraError from the constructor: `CLOUD_AI_TRACING_INVALID_OPTION`.
 */
declare class CloudExporter extends CloudExporter_base {}
//#endregion
export { type AITracingEvent, CloudExporter, type CloudExporterConfig, type DropReason, type ExportedAISpan, type ExporterHealth, type ExporterState, type ExporterStats, type NativeBinding, type NativeExporterOptions, type SignalStats, nativeBinding };