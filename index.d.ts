import { CloudExporter as CloudExporter$1, CloudExporterConfig as CloudExporterConfig$1, MastraPlatformExporter as MastraPlatformExporter$1, MastraPlatformExporterConfig as MastraPlatformExporterConfig$1 } from "@mastra/observability";
import { ObservabilityEntrypoint, ObservabilityExporter } from "@mastra/core/observability";

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
//#region facade/contracts/shared-options.d.ts
/**
 * The options that Mastra's JavaScript exporters (`@mastra/observability`) have too, with the same meaning. They take
 * any value, as with the JavaScript exporters: a number out of range is brought into range.
 */
interface SharedOptions {
  /** The number of records, all signals together, that closes a batch. Default 1000. */
  maxBatchSize?: number;
  /** The longest wait of a batch after its first record, in milliseconds. Default 5000. */
  maxBatchWaitMs?: number;
  /**
   * The number of attempts for one request, the first one included: 3 means three. Without it, requests are retried
   * until `retryWindowMs` is over. Default: none.
   */
  maxRetries?: number;
  /**
   * The bearer token. Default: the environment variable `MASTRA_CLOUD_ACCESS_TOKEN`; `MastraPlatformExporter` reads
   * `MASTRA_PLATFORM_ACCESS_TOKEN` first. Without a token the exporter is disabled and logs one warning.
   */
  accessToken?: string;
  /**
   * The project id, which becomes part of the URL. Letters, digits, `-` and `_`. Default: the environment variable
   * `MASTRA_PROJECT_ID`, else none.
   */
  projectId?: string;
  /**
   * The origin of the collector, without a path. Not used when `tracesEndpoint` is given. Default
   * `https://observability.mastra.ai`.
   */
  endpoint?: string;
  /**
   * The address for spans: an origin, or a URL that ends in `/spans/publish`. Default: the environment variable
   * `MASTRA_CLOUD_TRACES_ENDPOINT`, else from `endpoint`.
   */
  tracesEndpoint?: string;
  /**
   * The address for logs: an origin, or a URL that ends in `/logs/publish`. Default: from `tracesEndpoint`, else from
   * `endpoint`.
   */
  logsEndpoint?: string;
  /** The address for metrics: an origin, or a URL that ends in `/metrics/publish`. Default: as for `logsEndpoint`. */
  metricsEndpoint?: string;
  /** The address for scores: an origin, or a URL that ends in `/scores/publish`. Default: as for `logsEndpoint`. */
  scoresEndpoint?: string;
  /** The address for feedback: an origin, or a URL that ends in `/feedback/publish`. Default: as for `logsEndpoint`. */
  feedbackEndpoint?: string;
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
//#region facade/contracts/subclass.d.ts
/** The members of our exporters that Mastra's JavaScript exporters do not have, or that act differently. */
interface NativeMembers {
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
   * What has become of every exported record, and the health of the exporter. All counts are zero when the exporter was
   * disabled from the start. Cheap.
   */
  stats(): ExporterStats;
  /**
   * The counters of `stats()` as Prometheus text (exposition format 0.0.4). Each sample has the label `exporter`. The
   * text is empty where the JavaScript exporters stand in. Cheap.
   */
  metrics(): string;
}
/**
 * The type of a class that is accepted wherever the class of Mastra's JavaScript exporter is: private members are part
 * of that type.
 */
type DropIn<Config, Peer> = new (config?: Config) => Peer & NativeMembers;
//#endregion
//#region facade/contracts/cloud-exporter.d.ts
/**
 * The options of `CloudExporter` of `@mastra/observability`, and ours.
 *
 * @deprecated as in `@mastra/observability`: use `MastraPlatformExporterConfig`.
 */
interface CloudExporterConfig extends SharedOptions, CloudExporterConfig$1, NativeExporterOptions {}
declare const CloudExporter_base: DropIn<CloudExporterConfig, CloudExporter$1>;
/**
 * Sends ended spans, logs, metrics, scores and feedback to a Mastra collector. A drop-in for `CloudExporter` of
 * `@mastra/observability`: same options, environment variables, log lines and error ids. Batching, retries and requests
 * run on a native thread. Without the binary this is Mastra's JavaScript exporter (see `nativeBinding`).
 *
 * @throws MastraError from the constructor: `CLOUD_EXPORTER_INVALID_PROJECT_ID`, `CLOUD_EXPORTER_INVALID_ENDPOINT`,
 * `CLOUD_EXPORTER_INVALID_OPTION`.
 * @deprecated as in `@mastra/observability`: use `MastraPlatformExporter`.
 */
declare class CloudExporter extends CloudExporter_base {}
//#endregion
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
//#region facade/contracts/platform-exporter.d.ts
/** The options of `MastraPlatformExporter` of `@mastra/observability`, and ours. */
interface MastraPlatformExporterConfig extends SharedOptions, MastraPlatformExporterConfig$1, NativeExporterOptions {
  /**
   * Whether token, project and address of the spans may come from environment variables. Default `true`. `false` keeps
   * a project's `.env` from redirecting the telemetry of the program that hosts the project.
   */
  resolveFromEnv?: boolean;
}
/** The header that tells the collector the abilities of the exporter. */
declare const OBSERVABILITY_CAPABILITIES_HEADER = "x-mastra-observability-capabilities";
/** Its value: the collector may pause the exporter for lack of quota. */
declare const QUOTA_PAUSE_CAPABILITY = "quota-pause-v1";
declare const MastraPlatformExporter_base: DropIn<MastraPlatformExporterConfig, MastraPlatformExporter$1>;
/**
 * Sends ended spans, logs, metrics, scores and feedback to the Mastra platform. A drop-in for `MastraPlatformExporter`
 * of `@mastra/observability`, its quota pause included. Batching, retries and requests run on a native thread. Without
 * the binary this is Mastra's JavaScript exporter (see `nativeBinding`).
 *
 * @throws MastraError from the constructor: `MASTRA_PLATFORM_EXPORTER_INVALID_PROJECT_ID`,
 * `MASTRA_PLATFORM_EXPORTER_INVALID_ENDPOINT`, `MASTRA_PLATFORM_EXPORTER_INVALID_OPTION`.
 */
declare class MastraPlatformExporter extends MastraPlatformExporter_base {}
//#endregion
//#region facade/replace/javascript-exporter.d.ts
/** One of our exporters. */
type NativeExporter = CloudExporter | MastraPlatformExporter;
//#endregion
//#region facade/replace/use-native.d.ts
/** The result of `useNativeExporters`. An exporter is listed once for each instance in which it is registered. */
interface UsedNativeExporters {
  /** Mastra's JavaScript exporters that were replaced, with their replacements. */
  replaced: {
    instanceName: string;
    exporter: ObservabilityExporter;
    native: NativeExporter;
  }[];
  /** Mastra's JavaScript exporters that were left alone, and why. */
  leftAlone: {
    instanceName: string;
    exporter: ObservabilityExporter;
    reason: string;
  }[];
}
/**
 * Replaces every `CloudExporter` and `MastraPlatformExporter` of `@mastra/observability` that is registered in
 * `observability` by ours. The new exporter has the same place, logger and configuration; the configuration is that
 * which the old one resolved from options and environment when it was constructed. For set-ups that create their
 * exporters themselves, as `default: { enabled: true }` does. Works before and after `observability` is given to `new
 * Mastra()`.
 *
 * The exchange is complete when the call returns: events exported after that go to the new exporters. The old ones
 * still send the events that they were given. The promise resolves when they have sent them and their timers are
 * stopped, after 30000 ms at most.
 *
 * Exporters that cannot be read (a subclass, an instance or exporter of an unknown shape) are left alone, returned in
 * `leftAlone`, and named in one warning. Without a native binary all exporters are left alone; `nativeBinding` has been
 * reported before. Never throws or rejects.
 */
declare function useNativeExporters(observability: ObservabilityEntrypoint): Promise<UsedNativeExporters>;
//#endregion
export { CloudExporter, type CloudExporterConfig, type DropReason, type ExporterHealth, type ExporterState, type ExporterStats, MastraPlatformExporter, type MastraPlatformExporterConfig, type NativeBinding, type NativeExporterOptions, OBSERVABILITY_CAPABILITIES_HEADER, QUOTA_PAUSE_CAPABILITY, type SignalStats, type UsedNativeExporters, nativeBinding, useNativeExporters };