import { setTimeout } from 'node:timers/promises';

import {
  SpanType,
  TracingEventType,
  type FeedbackEvent,
  type InitExporterOptions,
  type LogEvent,
  type MetricEvent,
  type ObservabilityDropSignal,
  type ScoreEvent,
  type TracingEvent,
} from '@mastra/core/observability';
import { BaseExporter, type BaseExporterConfig } from '@mastra/observability';

import { exportedRecord, exportedSpan } from '../encode/records.js';
import type { Names } from '../log/errors.js';
import { ExporterLog } from '../log/log.js';
import { numberOption } from '../native/engine.js';
import type { Signal } from '../native/signals.js';
import { noStats, type DropReason, type ExporterStats } from '../native/stats.js';
import type { OnDropped, Pipeline } from '../pipeline/pipeline.js';
import type { Contract } from './contract.js';
import { resolveEndpoints } from './endpoints.js';
import type { NativeExporterOptions } from './native-options.js';
import { openPipeline } from './open.js';
import { resolveOptions } from './options.js';
import type { SharedOptions } from './shared-options.js';
import { unknownOptions } from './unknown-options.js';

/** The options that `CloudExporter` and `MastraPlatformExporter` have in common. */
export interface ExporterConfig extends BaseExporterConfig, SharedOptions, NativeExporterOptions {}

/** The peer's names of the signals in drop events. */
const DROP_SIGNALS: Record<Signal, ObservabilityDropSignal> = {
  traces: 'tracing',
  logs: 'log',
  metrics: 'metric',
  scores: 'score',
  feedback: 'feedback',
};

/** What the exporters have in common: everything but names and where credentials come from. */
export abstract class NativeTelemetryExporter extends BaseExporter {
  override name: string;
  readonly #names: Names;
  readonly #log: ExporterLog;
  /** Absent when the exporter is disabled. */
  readonly #pipeline: Pipeline | undefined;
  /** Spans that an asynchronous `customSpanFormatter` still holds. */
  readonly #formatting = new Set<Promise<void>>();
  #flushTimeoutMs = 0;
  #shutdownTimeoutMs = 0;
  #emitDropEvent: InitExporterOptions['emitDropEvent'];
  /** The variable that would have held the token, until that has been said. */
  #missingToken: string | undefined;
  #shutdown: Promise<void> | undefined;

  /** `contract` is a `Contract`; it is not named here so that the public types do not carry it. */
  constructor(contract: object, config: ExporterConfig) {
    // The base class keeps its configuration; the token is not to be found in a dump of the exporter.
    super({ ...config, accessToken: undefined } as BaseExporterConfig);
    const { name, tokenVariable, quotaPause, credentials, knownOptions, ...names } = contract as Contract<ExporterConfig>;
    this.name = name;
    this.#names = names;
    this.#log = new ExporterLog(names, () => this.logger);
    const { accessToken, projectId, tracesEndpoint } = credentials(config);
    if (!accessToken) {
      this.setDisabled(`${tokenVariable} environment variable not set.`, 'debug');
      this.#missingToken = tokenVariable;
    }
    const endpoints = resolveEndpoints(names, {
      projectId,
      endpoint: config.endpoint,
      explicit: {
        traces: tracesEndpoint,
        logs: config.logsEndpoint,
        metrics: config.metricsEndpoint,
        scores: config.scoresEndpoint,
        feedback: config.feedbackEndpoint,
      },
    });
    const options = resolveOptions(names, config);
    for (const unknown of unknownOptions(config, knownOptions)) this.#log.unknownOption(unknown);
    if (!accessToken) return;
    this.#flushTimeoutMs = numberOption('flushTimeoutMs', options);
    this.#shutdownTimeoutMs = numberOption('shutdownTimeoutMs', options);
    const onDropped: OnDropped = (signal, reason, count) => this.#onDropped(signal, reason, count);
    try {
      this.#pipeline = openPipeline({ ...options, accessToken: String(accessToken), endpoints, quotaPause }, this.#log, onDropped);
    } catch (error) {
      // The system gives no thread, for example.
      this.setDisabled(error instanceof Error ? error.message : String(error), 'warn');
    }
  }

  /** Called by Mastra. Losses are reported through `emitDropEvent`. */
  override init(options: InitExporterOptions): void {
    // Not taken apart in the signature: that would be in the types, and core before 1.71 may have no such field.
    this.#emitDropEvent = options.emitDropEvent;
    // Mastra has set the application's logger by now, which it had not when the exporter was constructed.
    this.#warnWithoutToken();
  }

  /**
   * What Mastra's bus calls: the same as {@link exportTracingEvent}, without its promise as long as nothing has to be
   * waited for and no subclass has a part of its own.
   */
  override onTracingEvent(event: TracingEvent): void | Promise<void> {
    const { exportTracingEvent, _exportTracingEvent } = NativeTelemetryExporter.prototype;
    const own = this.exportTracingEvent === exportTracingEvent && this._exportTracingEvent === _exportTracingEvent;
    if (!own || this.baseConfig.customSpanFormatter) return this.exportTracingEvent(event);
    if (this.isDisabled) this.#warnWithoutToken();
    else this.#exportSpan(event);
  }

  /** Exports an ended span; other events are ignored. Never rejects, whatever it is given. */
  override exportTracingEvent(event: TracingEvent): Promise<void> {
    if (this.isDisabled) {
      this.#warnWithoutToken();
      return Promise.resolve();
    }
    const exporting = this.#export(event);
    // Without a formatter the record is taken over by now; with one, a flush has to wait for it.
    if (this.baseConfig.customSpanFormatter) {
      this.#formatting.add(exporting);
      void exporting.finally(() => this.#formatting.delete(exporting));
    }
    return exporting;
  }

  protected override async _exportTracingEvent(event: TracingEvent): Promise<void> {
    this.#exportSpan(event);
  }

  /** Exports a log. Never rejects. */
  async onLogEvent(event: LogEvent): Promise<void> {
    this.#push('logs', 'onLogEvent', () => event.log);
  }

  /** Exports a metric. Never rejects. */
  async onMetricEvent(event: MetricEvent): Promise<void> {
    this.#push('metrics', 'onMetricEvent', () => event.metric);
  }

  /** Exports a score. Never rejects. */
  async onScoreEvent(event: ScoreEvent): Promise<void> {
    this.#push('scores', 'onScoreEvent', () => event.score);
  }

  /** Exports feedback. Never rejects. */
  async onFeedbackEvent(event: FeedbackEvent): Promise<void> {
    this.#push('feedback', 'onFeedbackEvent', () => event.feedback);
  }

  /**
   * Sends what was exported before this call and waits until each record is delivered, dropped or has been tried three
   * times, for `flushTimeoutMs` at most. What is undelivered stays queued. Never rejects.
   */
  override async flush(): Promise<void> {
    const leftMs = await this.#formatted(this.#flushTimeoutMs);
    await this.#pipeline?.flush(leftMs);
  }

  /**
   * A flush within `shutdownTimeoutMs`; then the exporter takes no more records, and what is left is dropped and
   * reported once. Never rejects.
   */
  override async shutdown(): Promise<void> {
    if (this.isDisabled) return;
    await (this.#shutdown ??= this.#shutDown());
  }

  /** What has become of everything that was exported; all zero for a disabled exporter. Cheap. */
  stats(): ExporterStats {
    return this.#pipeline?.stats() ?? noStats();
  }

  async #shutDown(): Promise<void> {
    const leftMs = await this.#formatted(this.#shutdownTimeoutMs);
    await this.#pipeline?.shutdown(leftMs);
    this.#log.shutdownComplete();
  }

  /** Waits for the spans that a formatter holds now, for `withinMs` at most; answers how much of it is left. */
  async #formatted(withinMs: number): Promise<number> {
    if (this.#formatting.size === 0) return withinMs;
    // A formatter that takes all the time costs its own span only.
    void this.#pipeline?.flush(withinMs);
    const startMs = performance.now();
    const timeout = new AbortController();
    await Promise.race([
      Promise.allSettled([...this.#formatting]),
      setTimeout(withinMs, undefined, { signal: timeout.signal }).catch(() => {}),
    ]);
    timeout.abort();
    return Math.max(0, Math.round(withinMs - (performance.now() - startMs)));
  }

  async #export(event: TracingEvent): Promise<void> {
    try {
      const { customSpanFormatter } = this.baseConfig;
      await this._exportTracingEvent(customSpanFormatter ? await this.applySpanFormatter(event) : event);
    } catch {
      this.#log.malformed('exportTracingEvent');
    }
  }

  #warnWithoutToken(): void {
    if (this.#missingToken) this.#log.missingToken(this.#missingToken);
    this.#missingToken = undefined;
  }

  #exportSpan(event: TracingEvent): void {
    try {
      const span = event.exportedSpan;
      if (event.type !== TracingEventType.SPAN_ENDED || span.type === SpanType.MODEL_CHUNK) return;
      this.#pipeline?.push('traces', exportedSpan(span));
    } catch {
      this.#log.malformed('exportTracingEvent');
    }
  }

  #push(signal: Signal, method: string, read: () => object): void {
    this.#warnWithoutToken();
    try {
      this.#pipeline?.push(signal, exportedRecord(read()));
    } catch {
      this.#log.malformed(method);
    }
  }

  #onDropped(signal: Signal, reason: DropReason, count: number): void {
    try {
      this.#emitDropEvent?.({
        type: 'drop',
        signal: DROP_SIGNALS[signal],
        // The only one of Mastra's two reasons that is not about a storage; ours is in the error.
        reason: 'retry-exhausted',
        count,
        timestamp: new Date(),
        exporterName: this.name,
        error: { id: `${this.#names.errorIdPrefix}_DROPPED`, message: reason },
      });
    } catch {
      // An alerting integration that fails must not disturb the export.
    }
  }
}
