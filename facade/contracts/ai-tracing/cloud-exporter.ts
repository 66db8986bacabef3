import { createRequire } from 'node:module';

import { ConsoleLogger, LogLevel, type IMastraLogger } from '@mastra/core/logger';

import type { Names } from '../../log/errors.js';
import { ExporterLog, safely } from '../../log/log.js';
import { numberOption } from '../../native/engine.js';
import { nativeOr } from '../../native/fallback.js';
import { SIGNALS } from '../../native/signals.js';
import { noStats, type ExporterStats } from '../../native/stats.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import type { NativeExporterOptions } from '../native-options.js';
import { openPipeline } from '../open.js';
import { resolveOptions, shown } from '../options.js';
import { unknownOptions } from '../unknown-options.js';
import { AiTracingLog } from './log.js';
import { spanRecord, type ExportedAISpan } from './record.js';

/** The options of `CloudExporter` of `@mastra/core/ai-tracing` (0.24), and ours. */
export interface CloudExporterConfig extends NativeExporterOptions {
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
export interface AITracingEvent {
  /** Spans are exported at `'span_ended'`. */
  type: string;
  exportedSpan: ExportedAISpan;
}

const DEFAULT_ENDPOINT = 'https://api.mastra.ai/ai/spans/publish';
const KNOWN_OPTIONS: readonly string[] = ['accessToken', 'endpoint', 'compression', 'logger', 'logLevel'];
const NAMES: Names = { exporterName: 'CloudExporter', errorIdPrefix: 'CLOUD_AI_TRACING' };

class NativeCloudExporter {
  readonly name = 'mastra-cloud-ai-tracing-exporter';
  #logger: IMastraLogger;
  readonly #log: ExporterLog;
  readonly #tracingLog: AiTracingLog;
  /** Absent when the exporter is disabled. */
  readonly #pipeline: Pipeline | undefined;
  readonly #flushTimeoutMs: number;
  readonly #shutdownTimeoutMs: number;
  #shutdown: Promise<void> | undefined;

  constructor(config: CloudExporterConfig = {}) {
    this.#logger = config.logger ?? new ConsoleLogger({ level: consoleLevel(config.logLevel), name: 'CloudExporter' });
    this.#log = new ExporterLog(NAMES, () => this.#logger);
    this.#tracingLog = new AiTracingLog(this.#log, () => this.#logger);
    const options = resolveOptions(NAMES, config);
    for (const unknown of unknownOptions(config, KNOWN_OPTIONS)) this.#log.unknownOption(unknown);
    this.#flushTimeoutMs = numberOption('flushTimeoutMs', options);
    this.#shutdownTimeoutMs = numberOption('shutdownTimeoutMs', options);
    const accessToken = config.accessToken ?? process.env['MASTRA_CLOUD_ACCESS_TOKEN'];
    const endpoint = config.endpoint ?? process.env['MASTRA_CLOUD_AI_TRACES_ENDPOINT'] ?? DEFAULT_ENDPOINT;
    const problem = accessToken ? endpointProblem(endpoint) : 'MASTRA_CLOUD_ACCESS_TOKEN environment variable not set.';
    if (problem) {
      safely(() => this.#logger.warn(`${this.name} disabled: ${problem}`));
      return;
    }
    // Only spans are sent, but the engine has an address for each signal.
    const endpoints = SIGNALS.map(() => String(endpoint));
    const native = { ...options, accessToken: String(accessToken), endpoints, quotaPause: false };
    try {
      this.#pipeline = openPipeline(native, this.#log, () => {}, this.#tracingLog);
    } catch (error) {
      // The system gives no thread, for example.
      safely(() => this.#logger.error(`${this.name} disabled: ${error instanceof Error ? error.message : String(error)}`));
    }
  }

  /** Whether there is no token or no usable endpoint. */
  get isDisabled(): boolean {
    return this.#pipeline === undefined;
  }

  /** Called by Mastra with the logger of the application. */
  __setLogger(logger: IMastraLogger): void {
    this.#logger = logger;
    safely(() => logger.debug(`Logger updated for exporter [name=${this.name}]`));
  }

  /** Exports an ended span; other events are ignored. Never rejects, whatever it is given. */
  async exportEvent(event: AITracingEvent): Promise<void> {
    if (!this.#pipeline) return;
    try {
      if (event.type === 'span_ended') this.#pipeline.push({ signal: 'traces', record: spanRecord(event.exportedSpan), complete: true });
    } catch {
      this.#log.malformed('exportEvent');
    }
  }

  /**
   * Sends what was exported before this call and waits until each record is delivered, dropped or has been tried three
   * times, for `flushTimeoutMs` at most. What is undelivered stays queued. Never rejects.
   */
  async flush(): Promise<void> {
    await this.#pipeline?.flush(this.#flushTimeoutMs);
  }

  /**
   * A flush within `shutdownTimeoutMs`; then the exporter takes no more records, and what is left is dropped and
   * reported once. Never rejects.
   */
  async shutdown(): Promise<void> {
    if (this.#pipeline) await (this.#shutdown ??= this.#shutDown(this.#pipeline));
  }

  /** What has become of everything that was exported; all zero for a disabled exporter. Cheap. */
  stats(): ExporterStats {
    return this.#pipeline?.stats() ?? noStats();
  }

  async #shutDown(pipeline: Pipeline): Promise<void> {
    const { undelivered } = pipeline;
    if (undelivered > 0) this.#tracingLog.flushingOnShutdown(undelivered);
    await pipeline.shutdown(this.#shutdownTimeoutMs);
    this.#log.shutdownComplete();
  }
}

/** The peer of 0.24; 1.x does not have this path, so it is looked for only when it is needed. */
function peerExporter(): new (config?: object) => object {
  const peer = createRequire(import.meta.url ?? __filename)('@mastra/core/ai-tracing') as { CloudExporter: new (config?: object) => object };
  return peer.CloudExporter;
}

/**
 * Sends ended spans to a Mastra collector. A drop-in for `CloudExporter` of `@mastra/core/ai-tracing` (0.24): same
 * options, environment variables, requests, log lines and error ids; batching, retries and requests run on a native
 * thread. Without the binary it is the JavaScript exporter (see `nativeBinding`).
 *
 * @throws MastraError from the constructor: `CLOUD_AI_TRACING_INVALID_OPTION`.
 */
export class CloudExporter extends nativeOr(NativeCloudExporter, peerExporter) {}

/** Why nothing can be sent to the endpoint. The peer does not check: there each batch fails. */
function endpointProblem(endpoint: unknown): string | undefined {
  const allowed = 'endpoint (or MASTRA_CLOUD_AI_TRACES_ENDPOINT) must be an http or https URL without credentials';
  try {
    const { protocol, username, password } = new URL(String(endpoint));
    if (username || password) return `${allowed}, got one with credentials.`;
    if (protocol === 'http:' || protocol === 'https:') return undefined;
  } catch {
    // Not a URL.
  }
  return `${allowed}, got ${shown(endpoint)}.`;
}

/** What the peer makes of it: anything else is `'info'`. */
function consoleLevel(logLevel: CloudExporterConfig['logLevel']): LogLevel {
  const levels: readonly LogLevel[] = [LogLevel.DEBUG, LogLevel.INFO, LogLevel.WARN, LogLevel.ERROR];
  return levels.find((level) => level === logLevel) ?? LogLevel.INFO;
}
