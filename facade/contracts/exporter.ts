import { inspect, type InspectOptions } from 'node:util';

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

import type { Names } from '../log/errors.js';
import { ExporterLog, type FlushTrigger } from '../log/log.js';
import { monotonicMs, settledWithin } from '../native/clock.js';
import { numberOption } from '../native/engine.js';
import type { Signal } from '../native/signals.js';
import { prometheusText } from '../native/metrics.js';
import { noStats, type DropReason, type ExporterStats } from '../native/stats.js';
import type { OnDropped, Pipeline } from '../pipeline/pipeline.js';
import type { Contract } from './contract.js';
import { resolveEndpoints } from './endpoints.js';
import type { NativeExporterOptions } from './native-options.js';
import { openPipeline } from './open.js';
import { overrides, uncalledMethods } from './subclass.js';
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
  readonly #peer: object;
  readonly #log: ExporterLog;
  /** Absent when the exporter is disabled. */
  readonly #pipeline: Pipeline | undefined;
  /** Spans that a formatter or the parts of a subclass still hold. */
  readonly #formatting = new Set<Promise<void>>();
  #flushTimeoutMs = 0;
  #shutdownTimeoutMs = 0;
  #emitDropEvent: InitExporterOptions['emitDropEvent'];
  /** The variable that would have held the token, until that has been said. */
  #missingToken: string | undefined;
  #shutdown: Promise<void> | undefined;
  /** Whether the class of the exporter has been looked at: at the first record, when all its fields are set. */
  #examined = false;

  /** `contract` is a `Contract`; it is not named here so that the public types do not carry it. */
  constructor(contract: object, config: ExporterConfig) {
    super(config);
    // The object itself, so that what the application sets later counts; the token in it is in no dump of the exporter.
    Object.defineProperty(this, 'baseConfig', { enumerable: false });
    const { name, tokenVariable, quotaPause, credentials, knownOptions, javascriptExporter, ...names } = contract as Contract<ExporterConfig>;
    this.name = name;
    this.#names = names;
    this.#peer = javascriptExporter;
    this.#log = new ExporterLog(names, () => this.logger, config.accessToken ? undefined : tokenVariable);
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
    if (this.exportTracingEvent !== BASE.exportTracingEvent || this.#isFormatted()) return this.exportTracingEvent(event);
    this.#exportSpan(event);
  }

  /**
   * Exports an ended span; other events are ignored. Rejects only with an error of a subclass: of its
   * `applySpanFormatter` or `_exportTracingEvent`.
   */
  override exportTracingEvent(event: TracingEvent): Promise<void> {
    if (!this.#isFormatted()) {
      this.#exportSpan(event);
      return Promise.resolve();
    }
    let exporting = super.exportTracingEvent(event);
    if (!this.#hasOwnParts()) exporting = exporting.catch(() => this.#log.malformed('exportTracingEvent'));
    // Without a formatter the record is taken over by now; with one, a flush has to wait for it.
    this.#formatting.add(exporting);
    const done = () => void this.#formatting.delete(exporting);
    exporting.then(done, done);
    return exporting;
  }

  /** Also drops what waits, so that nothing more is sent. What is under way cannot be recalled. */
  protected override setDisabled(reason: string, level?: 'warn' | 'debug'): void {
    try {
      super.setDisabled(reason, level);
    } finally {
      this.#pipeline?.disable();
    }
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

  /** See {@link NativeMembers}. */
  override async flush(): Promise<void> {
    if (this.isDisabled) return;
    const withinMs = this.#flushTimeoutMs;
    // Not waited for without need: at the exit of the process there is no later.
    await this.#pipeline?.flush(this.#formatting.size > 0 ? await this.#formatted(withinMs) : withinMs);
  }

  /** See {@link NativeMembers}. */
  override async shutdown(): Promise<void> {
    if (this.isDisabled) return;
    await (this.#shutdown ??= this.#shutDown());
  }

  /** See {@link NativeMembers}. */
  stats(): ExporterStats {
    return this.#pipeline?.stats() ?? noStats();
  }

  /** See {@link NativeMembers}. */
  metrics(): string {
    return prometheusText(this.name, this.stats());
  }

  async #shutDown(): Promise<void> {
    const endMs = monotonicMs() + this.#shutdownTimeoutMs;
    const leftMs = () => Math.max(0, Math.round(endMs - monotonicMs()));
    if (this.#decidesOnSending()) await settledWithin([this.#flushOwn('shutdown')], leftMs());
    else await this.#formatted(leftMs());
    await this.#pipeline?.shutdown(leftMs());
    this.#log.shutdownComplete();
  }

  /** Calls the `flush()` of a subclass when the peer calls it, and says when it fails. Never rejects. */
  async #flushOwn(trigger: FlushTrigger): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      this.#log.flushFailed(trigger, error, this.#pipeline?.undelivered ?? 0);
    }
  }

  /** Whether a record is wanted. */
  #takes(): boolean {
    if (!this.#examined) this.#examine();
    if (this.isDisabled) this.#warnWithoutToken();
    else if (this.flush !== BASE.flush) this.#hold();
    return !this.isDisabled;
  }

  #examine(): void {
    this.#examined = true;
    const uncalled = uncalledMethods(this, BASE, this.#peer);
    // It may be what holds back a secret.
    if (uncalled.length > 0) this.setDisabled(`its class overrides ${uncalled.join(', ')}, which only the JavaScript exporter calls`);
    else if (this.#decidesOnSending()) this.#hold();
  }

  #decidesOnSending(): boolean {
    return overrides(this, BASE, 'flush') || overrides(this, BASE, 'isDisabled');
  }

  #hold(): void {
    this.#pipeline?.hold((trigger) => void this.#flushOwn(trigger));
  }

  /** Whether spans pass through something of the application first. */
  #isFormatted(): boolean {
    try {
      return this.#hasOwnParts() || this.baseConfig.customSpanFormatter !== undefined;
    } catch {
      // For the base class to read.
      return true;
    }
  }

  #hasOwnParts(): boolean {
    return this.applySpanFormatter !== BASE.applySpanFormatter || this._exportTracingEvent !== BASE._exportTracingEvent;
  }

  /** Waits for the spans that a formatter holds now, for `withinMs` at most; answers how much of it is left. */
  async #formatted(withinMs: number): Promise<number> {
    if (this.#formatting.size === 0) return withinMs;
    // A formatter that takes all the time costs its own span only.
    void this.#pipeline?.flush(withinMs);
    const startMs = monotonicMs();
    await settledWithin([...this.#formatting], withinMs);
    return Math.max(0, Math.round(withinMs - (monotonicMs() - startMs)));
  }

  #warnWithoutToken(): void {
    if (this.#missingToken) this.#log.missingToken(this.#missingToken);
    this.#missingToken = undefined;
  }

  #exportSpan(event: TracingEvent): void {
    try {
      if (!this.#takes()) return;
      const span = event.exportedSpan;
      if (event.type !== TracingEventType.SPAN_ENDED || span.type === SpanType.MODEL_CHUNK) return;
      this.#pipeline?.push({ signal: 'traces', record: span, complete: false });
    } catch (error) {
      this.#onNotTaken('traces', 'exportTracingEvent', error);
    }
  }

  #push(signal: Signal, method: string, read: () => object): void {
    this.#warnWithoutToken();
    try {
      if (this.#takes()) this.#pipeline?.push({ signal, record: read() ?? {}, complete: true });
    } catch (error) {
      this.#onNotTaken(signal, method, error);
    }
  }

  #onNotTaken(signal: Signal, method: string, error: unknown): void {
    // There is no room on the application's stack.
    if (error instanceof RangeError) this.#pipeline?.lose(signal);
    else this.#log.malformed(method);
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

/** What a subclass may have put its own in place of. */
const BASE = NativeTelemetryExporter.prototype;

// Also of a dump with everything that is hidden.
Object.defineProperty(BASE, inspect.custom, {
  value(this: NativeTelemetryExporter, _depth: number, options: InspectOptions): string {
    return `${this.constructor.name} ${inspect({ ...this }, options)}`;
  },
});
