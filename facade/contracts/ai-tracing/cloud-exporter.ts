import { BaseExporter, CloudExporter as PeerExporter } from '@mastra/core/ai-tracing';
import type { IMastraLogger, LogLevel } from '@mastra/core/logger';

import type { Names } from '../../log/errors.js';
import { ExporterLog, safely, type FlushTrigger } from '../../log/log.js';
import { monotonicMs, settledWithin } from '../../native/clock.js';
import { numberOption } from '../../native/engine.js';
import { nativeOr } from '../../native/fallback.js';
import { SIGNALS } from '../../native/signals.js';
import { prometheusText } from '../../native/metrics.js';
import { noStats, type ExporterStats } from '../../native/stats.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import type { NativeExporterOptions } from '../native-options.js';
import { openPipeline } from '../open.js';
import { resolveOptions, shown } from '../options.js';
import { uncalledMethods } from '../subclass.js';
import { unknownOptions } from '../unknown-options.js';
import { AiTracingLog } from './log.js';
import { spanRecord, type ExportedAISpan } from './record.js';

/** The options of `CloudExporter` of `@mastra/core/ai-tracing` (0.24), and ours. */
export interface CloudExporterConfig extends NativeExporterOptions {
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
export interface AITracingEvent {
  /** The type of the event. Spans are exported at `'span_ended'`. */
  type: string;
  exportedSpan: ExportedAISpan;
}

const DEFAULT_ENDPOINT = 'https://api.mastra.ai/ai/spans/publish';
const KNOWN_OPTIONS: readonly string[] = ['accessToken', 'endpoint', 'compression', 'spoolDirectory', 'spoolSync', 'logger', 'logLevel'];
const NAMES: Names = { exporterName: 'CloudExporter', errorIdPrefix: 'CLOUD_AI_TRACING' };

class NativeCloudExporter extends BaseExporter {
  name = 'mastra-cloud-ai-tracing-exporter';
  readonly #log: ExporterLog;
  readonly #tracingLog: AiTracingLog;
  /** Absent when the exporter was disabled from the start. */
  readonly #pipeline: Pipeline | undefined;
  readonly #flushTimeoutMs: number;
  readonly #shutdownTimeoutMs: number;
  #shutdown: Promise<void> | undefined;
  /** Whether the class of the exporter has been examined. That happens at the first record, when all fields are set. */
  #examined = false;

  constructor(config: CloudExporterConfig = {}) {
    super(config);
    this.#log = new ExporterLog(NAMES, () => this.logger);
    this.#tracingLog = new AiTracingLog(this.#log, () => this.logger);
    const options = resolveOptions(NAMES, config);
    for (const unknown of unknownOptions(config, KNOWN_OPTIONS)) this.#log.unknownOption(unknown);
    this.#flushTimeoutMs = numberOption('flushTimeoutMs', options);
    this.#shutdownTimeoutMs = numberOption('shutdownTimeoutMs', options);
    const accessToken = config.accessToken ?? process.env['MASTRA_CLOUD_ACCESS_TOKEN'];
    const endpoint = config.endpoint ?? process.env['MASTRA_CLOUD_AI_TRACES_ENDPOINT'] ?? DEFAULT_ENDPOINT;
    const problem = accessToken ? endpointProblem(endpoint) : 'MASTRA_CLOUD_ACCESS_TOKEN environment variable not set.';
    if (problem) {
      safely(() => this.setDisabled(problem));
      return;
    }
    // Only spans are sent, but the engine expects an address for each signal.
    const endpoints = SIGNALS.map(() => String(endpoint));
    const native = { ...options, accessToken: String(accessToken), endpoints, quotaPause: false };
    try {
      this.#pipeline = openPipeline(native, this.#log, () => {}, this.#tracingLog);
    } catch (error) {
      // One cause: the system gives no thread.
      safely(() => this.setDisabled(error instanceof Error ? error.message : String(error)));
    }
  }

  /** Disables the exporter and drops everything that waits. Requests in flight cannot be recalled. */
  protected override setDisabled(reason: string): void {
    try {
      super.setDisabled(reason);
    } finally {
      this.#pipeline?.disable();
    }
  }

  /** Exports an ended span; other events are ignored. */
  protected override async _exportEvent(event: AITracingEvent): Promise<void> {
    try {
      if (this.#takes() && event.type === 'span_ended') {
        this.#pipeline?.push({ signal: 'traces', record: spanRecord(event.exportedSpan), complete: true });
      }
    } catch (error) {
      // One cause: the application's stack is full.
      if (error instanceof RangeError) this.#pipeline?.lose('traces');
      else this.#log.malformed('exportEvent');
    }
  }

  /**
   * Sends everything exported before this call, and waits until each record is delivered, dropped or has been tried
   * three times, for `flushTimeoutMs` at most. Undelivered records stay queued. Never rejects.
   */
  async flush(): Promise<void> {
    await this.#pipeline?.flush(this.#flushTimeoutMs);
  }

  /**
   * Flushes within `shutdownTimeoutMs`. After that the exporter takes no more records, and the remaining ones are
   * dropped and reported once. Never rejects.
   */
  override async shutdown(): Promise<void> {
    if (this.isDisabled || !this.#pipeline) return;
    await (this.#shutdown ??= this.#shutDown(this.#pipeline));
  }

  /**
   * What has become of every exported record. All counts are zero when the exporter was disabled from the start. Cheap.
   */
  stats(): ExporterStats {
    return this.#pipeline?.stats() ?? noStats();
  }

  /**
   * The counters of `stats()` as Prometheus text (exposition format 0.0.4). Each sample has the label `exporter`.
   * Cheap.
   */
  metrics(): string {
    return prometheusText(this.name, this.stats());
  }

  /** Whether a record is to be exported. */
  #takes(): boolean {
    if (!this.#examined) {
      this.#examined = true;
      const uncalled = uncalledMethods(this, BASE, PeerExporter.prototype);
      // Such an override may be what holds back a secret, so an error in it drops the record.
      if (uncalled.length > 0) this.setDisabled(`its class overrides ${uncalled.join(', ')}, which only the JavaScript exporter calls`);
    }
    if (this.flush !== BASE.flush) this.#pipeline?.hold((trigger) => void this.#flushOwn(trigger));
    return !this.isDisabled;
  }

  /** Calls the `flush()` of a subclass when the peer calls it, and logs its failure. Never rejects. */
  async #flushOwn(trigger: FlushTrigger): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      this.#log.flushFailed(trigger, error, this.#pipeline?.undelivered ?? 0);
    }
  }

  async #shutDown(pipeline: Pipeline): Promise<void> {
    const { undelivered } = pipeline;
    const startMs = monotonicMs();
    if (undelivered > 0) {
      this.#tracingLog.flushingOnShutdown(undelivered);
      if (this.flush !== BASE.flush) await settledWithin([this.#flushOwn('shutdown')], this.#shutdownTimeoutMs);
    }
    await pipeline.shutdown(Math.max(0, Math.round(this.#shutdownTimeoutMs - (monotonicMs() - startMs))));
    this.#log.shutdownComplete();
  }
}

/** The members that a subclass may override. */
const BASE = NativeCloudExporter.prototype;

/**
 * Sends ended spans to a Mastra collector. A drop-in for `CloudExporter` of `@mastra/core/ai-tracing` (0.24): same
 * options, environment variables, requests, log lines and error ids. Batching, retries and requests run on a native
 * thread. Without the binary this is Mastra's JavaScript exporter (see `nativeBinding`).
 *
 * @throws MastraError from the constructor: `CLOUD_AI_TRACING_INVALID_OPTION`.
 */
export class CloudExporter extends nativeOr(NativeCloudExporter, () => PeerExporter) {}

/**
 * Why nothing can be sent to the endpoint. The peer does not check: with such an endpoint each of its batches fails.
 */
function endpointProblem(endpoint: unknown): string | undefined {
  const allowed = 'endpoint (or MASTRA_CLOUD_AI_TRACES_ENDPOINT) must be an http or https URL without credentials';
  try {
    const { protocol, username, password } = new URL(String(endpoint));
    if (username || password) return `${allowed}, got one with credentials.`;
    if (protocol === 'http:' || protocol === 'https:') return undefined;
  } catch {
    // It is no URL.
  }
  return `${allowed}, got ${shown(endpoint)}.`;
}
