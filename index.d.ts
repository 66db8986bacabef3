import { CloudExporter as CloudExporter$1, CloudExporterConfig as CloudExporterConfig$1, MastraPlatformExporter as MastraPlatformExporter$1, MastraPlatformExporterConfig as MastraPlatformExporterConfig$1 } from "@mastra/observability";
import { ObservabilityEntrypoint, ObservabilityExporter } from "@mastra/core/observability";

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
//#region facade/contracts/shared-options.d.ts
/**
 * The options that the JavaScript exporters of `@mastra/observability` have too, with the same meaning. They take any value, as
 * there: a number out of range is brought into range.
 */
interface SharedOptions {
  /** Records of all signals together that close a batch. Default 1000. */
  maxBatchSize?: number;
  /** A batch is sent this long after its first record at the latest, in milliseconds. Default 5000. */
  maxBatchWaitMs?: number;
  /**
   * Attempts for one request in all: 3 means three. Without it, requests are tried again until `retryWindowMs` is over.
   * Default: none.
   */
  maxRetries?: number;
  /**
   * The bearer token. Default: the environment variable `MASTRA_CLOUD_ACCESS_TOKEN`; for `MastraPlatformExporter`
   * `MASTRA_PLATFORM_ACCESS_TOKEN` comes first. Without a token the exporter is disabled and says so once.
   */
  accessToken?: string;
  /**
   * The project, which becomes part of the URL. Letters, digits, `-` and `_`. Default: the environment variable
   * `MASTRA_PROJECT_ID`, else none.
   */
  projectId?: string;
  /**
   * The origin of the collector, without a path. Not used when `tracesEndpoint` is given. Default
   * `https://observability.mastra.ai`.
   */
  endpoint?: string;
  /**
   * Where spans go: an origin, or a URL that ends in `/spans/publish`. Default: the environment variable
   * `MASTRA_CLOUD_TRACES_ENDPOINT`, else from `endpoint`.
   */
  tracesEndpoint?: string;
  /** Where logs go: an origin, or a URL that ends in `/logs/publish`. Default: from `tracesEndpoint`, else from `endpoint`. */
  logsEndpoint?: string;
  /** Where metrics go: an origin, or a URL that ends in `/metrics/publish`. Default: as for `logsEndpoint`. */
  metricsEndpoint?: string;
  /** Where scores go: an origin, or a URL that ends in `/scores/publish`. Default: as for `logsEndpoint`. */
  scoresEndpoint?: string;
  /** Where feedback goes: an origin, or a URL that ends in `/feedback/publish`. Default: as for `logsEndpoint`. */
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
//#region facade/contracts/subclass.d.ts
/** What our exporters have beyond those of the peer, or do otherwise. */
interface NativeMembers {
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
  /**
   * What has become of everything that was exported, and how the exporter fares; all zero where it was disabled from the
   * start. Cheap.
   */
  stats(): ExporterStats;
  /**
   * The same as Prometheus text (exposition format 0.0.4), each sample with the label `exporter`; empty where the
   * JavaScript exporters stand in. Cheap.
   */
  metrics(): string;
}
/** The type of a class that stands wherever the peer's is expected: its private members are part of the type. */
type DropIn<Config, Peer> = new (config?: Config) => Peer & NativeMembers;
//#endregion
//#region facade/contracts/cloud-exporter.d.ts
/**
 * The options of `CloudExporter` of `@mastra/observability`, and ours.
 *
 * @deprecated as there: use `MastraPlatformExporterConfig`.
 */
interface CloudExporterConfig extends SharedOptions, CloudExporterConfig$1, NativeExporterOptions {}
declare const CloudExporter_base: DropIn<CloudExporterConfig, CloudExporter$1>;
/**
 * Sends ended spans, logs, metrics, scores and feedback to a Mastra collector. A drop-in for `CloudExporter` of
 * `@mastra/observability`: same options, environment variables, log lines and error ids; batching, retries and
 * requests run on a native thread. Without the binary it is the JavaScript exporter (see `nativeBinding`).
 *
 * @throws MastraError from the constructor: `CLOUD_EXPORTER_INVALID_PROJECT_ID`, `CLOUD_EXPORTER_INVALID_ENDPOINT`,
 * `CLOUD_EXPORTER_INVALID_OPTION`.
 * @deprecated as there: use `MastraPlatformExporter`.
 */
declare class CloudExporter extends CloudExporter_base {}
//#endregion
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
//#region facade/contracts/platform-exporter.d.ts
/** The options of `MastraPlatformExporter` of `@mastra/observability`, and ours. */
interface MastraPlatformExporterConfig extends SharedOptions, MastraPlatformExporterConfig$1, NativeExporterOptions {
  /**
   * Whether environment variables are read for token, project and address of the spans. Default `true`; `false` keeps a
   * project's `.env` from redirecting the telemetry of the program that hosts it.
   */
  resolveFromEnv?: boolean;
}
/** The header with which the exporter tells the collector what it understands. */
declare const OBSERVABILITY_CAPABILITIES_HEADER = "x-mastra-observability-capabilities";
/** Its value: the collector may pause the exporter for lack of quota. */
declare const QUOTA_PAUSE_CAPABILITY = "quota-pause-v1";
declare const MastraPlatformExporter_base: DropIn<MastraPlatformExporterConfig, MastraPlatformExporter$1>;
/**
 * Sends ended spans, logs, metrics, scores and feedback to the Mastra platform. A drop-in for `MastraPlatformExporter`
 * of `@mastra/observability`, its quota pause included; batching, retries and requests run on a native thread. Without the binary it is the JavaScript exporter (see `nativeBinding`).
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
/** What `useNativeExporters` has done; an exporter is listed once for each instance in which it is registered. */
interface UsedNativeExporters {
  /** The peer's exporters, and what exports in their place. */
  replaced: {
    instanceName: string;
    exporter: ObservabilityExporter;
    native: NativeExporter;
  }[];
  /** The peer's exporters that go on as they were, and why. */
  leftAlone: {
    instanceName: string;
    exporter: ObservabilityExporter;
    reason: string;
  }[];
}
/**
 * Replaces every `CloudExporter` and `MastraPlatformExporter` of `@mastra/observability` that is registered in
 * `observability` by ours, in the same place, with the old one's logger and configuration (as options and environment
 * came to when it was constructed). For set-ups that create their exporters themselves, as `default: { enabled: true }`
 * does. Works before and after `observability` is given to `new Mastra()`.
 *
 * The exchange is made when the call returns: what is exported from then on goes to the new exporters. What the old ones
 * were given before they still send; the promise resolves when they have and their timers are stopped, after 30000 ms
 * at most.
 *
 * What cannot be read (a subclass, an instance or exporter of an unknown shape) is left alone, which is returned and
 * worth one warning. So is everything where there is no native binary; that has been said already (`nativeBinding`).
 * Never throws or rejects.
 */
declare function useNativeExporters(observability: ObservabilityEntrypoint): Promise<UsedNativeExporters>;
//#endregion
export { CloudExporter, type CloudExporterConfig, type DropReason, type ExporterHealth, type ExporterState, type ExporterStats, MastraPlatformExporter, type MastraPlatformExporterConfig, type NativeBinding, type NativeExporterOptions, OBSERVABILITY_CAPABILITIES_HEADER, QUOTA_PAUSE_CAPABILITY, type SignalStats, type UsedNativeExporters, nativeBinding, useNativeExporters };