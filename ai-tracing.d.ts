import { BaseExporter } from "@mastra/core/ai-tracing";
import { IMastraLogger, LogLevel } from "@mastra/core/logger";

//#region facade/native/load.d.ts
/**
 * Which exporters are in use: the native ones, with the absolute `path` of the binary; or the JavaScript ones of
 * `@mastra/observability` in their place, with the reason.
 */
type NativeBinding = {
  loaded: true;
  path: string;
} | {
  loaded: false;
  reason: string;
};
/** Says whether the native exporters are in use, or why they are not. */
declare const nativeBinding: NativeBinding;
//#endregion
//#region facade/contracts/native-options.d.ts
/** Options that Mastra's JavaScript exporters do not have. A wrong value is an error. */
interface NativeExporterOptions {
  /**
   * How long a batch is retried, in milliseconds, when `maxRetries` is not given. An integer from 0 to 86400000;
   * default 300000.
   */
  retryWindowMs?: number;
  /**
   * Time limit of one attempt in milliseconds, from connecting to the end of the answer. An integer from 1 to 600000;
   * default 30000.
   */
  requestTimeoutMs?: number;
  /**
   * Time limit of making a connection, in milliseconds, within `requestTimeoutMs`. The addresses of a host name share
   * it: of two, the second is tried after half of the time. An integer from 1 to 600000; default 10000.
   */
  connectTimeoutMs?: number;
  /** The longest wait of `flush()`, in milliseconds. An integer from 0 to 600000; default 30000. */
  flushTimeoutMs?: number;
  /** The longest wait of `shutdown()`, in milliseconds. An integer from 0 to 600000; default 8000. */
  shutdownTimeoutMs?: number;
  /**
   * The longest time that the end of the process is delayed, in milliseconds. An integer from 0 to 600000; default
   * 2000.
   */
  exitTimeoutMs?: number;
  /**
   * The limit on a request's body before compression, in bytes. The limit is never above an eighth of `maxQueueBytes`.
   * A body with one record may exceed it. An integer from 1024 to 268435456; default 4194304 (4 MiB).
   */
  maxBatchBytes?: number;
  /**
   * The limit on the JSON of one record, in bytes. A larger record is dropped. An integer from 1024 to 268435456;
   * default 16777216.
   */
  maxRecordBytes?: number;
  /**
   * The limit on the memory for waiting records and records in flight, in bytes: their JSON and the cost of keeping it.
   * When the memory is full, the oldest waiting records are dropped. An integer from 1048576 (1 MiB) to 4294967296 (4
   * GiB); default 67108864 (64 MiB).
   */
  maxQueueBytes?: number;
  /**
   * A directory in which records survive the process until they are delivered; made if absent, readable for this user
   * alone. Prompts and completions are written to it as they are sent; the token is not. On a local disk; processes may
   * share it. Default: the environment variable `MASTRA_NATIVE_SPOOL_DIRECTORY`, else none: records are kept in memory only.
   */
  spoolDirectory?: string;
  /**
   * What the spool may take on the disk, in bytes, over all processes with the same directory and addresses. When it is
   * full the oldest records are dropped. An integer from 1048576 (1 MiB) to 1099511627776 (1 TiB); default 1073741824
   * (1 GiB).
   */
  maxSpoolBytes?: number;
  /** Records that are older are dropped from the spool, in milliseconds. An integer from 1000 to 31536000000; default 604800000 (7 days). */
  maxSpoolAgeMs?: number;
  /**
   * When spooled records reach the disk: within 500 ms, or when the system sees fit. The end of a process costs nothing
   * either way; a loss of power costs what is not on the disk. Default `'interval'`.
   */
  spoolSync?: 'interval' | 'none';
  /** Compression of request bodies: `'none'`, or `'gzip'` with `content-encoding: gzip`. Default `'none'`. */
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
type DropReason = 'queueFull' | 'retriesExhausted' | 'refused' | 'tooLargeForCollector' | 'recordTooLarge' | 'unencodable' | 'authRejected' | 'quotaPaused' | 'shutdown' | 'engineFailed' | 'spoolFull' | 'spoolExpired' | 'spoolUnreadable';
/** What has become of the records of one signal. All counts but the last five only grow. */
interface SignalStats {
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
type ExporterState = (typeof EXPORTER_STATES)[number];
/** Every state. */
declare const EXPORTER_STATES: readonly ["healthy", "retrying", "authCooldown", "quotaPaused", "disabled"];
/** The health of an exporter. */
interface ExporterHealth {
  state: ExporterState;
  /** The last request that failed; kept after a success. `endpoint`: its URL without credentials and query. */
  lastError?: {
    at: Date;
    endpoint: string;
    cause: string;
  };
  /** When the collector last accepted records. */
  lastDeliveredAt?: Date;
  /** Age of the oldest record that is neither delivered nor dropped, in milliseconds; 0 when there is none. */
  oldestQueuedMs: number;
}
/** What has become of every exported record, by signal, and the health of the exporter. */
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
  /** The number of records that closes a batch. Default 1000. */
  maxBatchSize?: number;
  /** The longest wait of a batch after its first record, in milliseconds. Default 5000. */
  maxBatchWaitMs?: number;
  /** The number of attempts, the first one included. Default: none, `retryWindowMs` decides. */
  maxRetries?: number;
  /**
   * The bearer token. Default: the environment variable `MASTRA_CLOUD_ACCESS_TOKEN`. Without a token the exporter is
   * disabled.
   */
  accessToken?: string;
  /**
   * The URL for spans. Default: the environment variable `MASTRA_CLOUD_AI_TRACES_ENDPOINT`, else
   * `https://api.mastra.ai/ai/spans/publish`.
   */
  endpoint?: string;
  /** Default: the console, until Mastra sets the application's logger. */
  logger?: IMastraLogger;
  /** The level of the default logger. Default `'info'`. */
  logLevel?: LogLevel | 'debug' | 'info' | 'warn' | 'error';
}
/** `AITracingEvent` of `@mastra/core` 0.24. */
interface AITracingEvent {
  /** The type of the event. Spans are exported at `'span_ended'`. */
  type: string;
  exportedSpan: ExportedAISpan;
}
declare class NativeCloudExporter extends BaseExporter {
  #private;
  name: string;
  constructor(config?: CloudExporterConfig);
  /** Disables the exporter and drops everything that waits. Requests in flight cannot be recalled. */
  protected setDisabled(reason: string): void;
  /** Exports an ended span; other events are ignored. */
  protected _exportEvent(event: AITracingEvent): Promise<void>;
  /**
   * Sends everything exported before this call, and waits until each record is delivered, dropped or has been tried
   * three times, for `flushTimeoutMs` at most. Undelivered records stay queued. Never rejects.
   */
  flush(): Promise<void>;
  /**
   * Flushes within `shutdownTimeoutMs`. After that the exporter takes no more records, and the remaining ones are
   * dropped and reported once. Never rejects.
   */
  shutdown(): Promise<void>;
  /**
   * What has become of every exported record. All counts are zero when the exporter was disabled from the start. Cheap.
   */
  stats(): ExporterStats;
  /**
   * The counters of `stats()` as Prometheus text (exposition format 0.0.4). Each sample has the label `exporter`.
   * Cheap.
   */
  metrics(): string;
}
declare const CloudExporter_base: typeof NativeCloudExporter;
/**
 * Sends ended spans to a Mastra collector. A drop-in for `CloudExporter` of `@mastra/core/ai-tracing` (0.24): same
 * options, environment variables, requests, log lines and error ids. Batching, retries and requests run on a native
 * thread. Without the binary this is Mastra's JavaScript exporter (see `nativeBinding`).
 *
 * @throws MastraError from the constructor: `CLOUD_AI_TRACING_INVALID_OPTION`.
 */
declare class CloudExporter extends CloudExporter_base {}
//#endregion
export { type AITracingEvent, CloudExporter, type CloudExporterConfig, type DropReason, type ExportedAISpan, type ExporterHealth, type ExporterState, type ExporterStats, type NativeBinding, type NativeExporterOptions, type SignalStats, nativeBinding };