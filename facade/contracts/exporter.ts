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
import { BaseExporter } from '@mastra/observability';

import type { Names } from '../log/errors.js';
import { ExporterLog, type FlushTrigger } from '../log/log.js';
import { Date, monotonicMs, settledWithin, wallMs } from '../native/clock.js';
import { numberOption } from '../native/engine.js';
import type { Signal } from '../native/signals.js';
import { prometheusText } from '../native/metrics.js';
import { noStats, type DropReason, type ExporterStats } from '../native/stats.js';
import type { OnDropped, Pipeline } from '../pipeline/pipeline.js';
import type { Contract } from './contract.js';
import { resolveEndpoints } from './endpoints.js';
import { openPipeline } from './open.js';
import { overrides, uncalledMethods } from './subclass.js';
import { resolveOptions } from './options.js';
import type { ExporterConfig } from './shared-options.js';
import { unknownOptions } from './unknown-options.js';

/** The names of the signals in drop events (peer). */
const DROP_SIGNALS: Record<Signal, ObservabilityDropSignal> = {
  traces: 'tracing',
  logs: 'log',
  metrics: 'metric',
  scores: 'score',
  feedback: 'feedback',
};

/** The common part of `CloudExporter` and `MastraPlatformExporter`: everything but names and credentials. */
export abstract class NativeTelemetryExporter extends BaseExporter {
  override name: string;
  readonly #names: Names;
  readonly #peer: object;
  readonly #log: ExporterLog;
  /** Absent when the exporter is disabled. */
  readonly #pipeline: Pipeline | undefined;
  /** Spans that wait for a formatter or for a method of a subclass. */
  readonly #formatting = new Set<Promise<void>>();
  #flushTimeoutMs = 0;
  #shutdownTimeoutMs = 0;
  #emitDropEvent: InitExporterOptions['emitDropEvent'];
  /** The environment variable for the missing token, until the warning about it has been logged. */
  #missingToken: string | undefined;
  #shutdown: Promise<void> | undefined;
  /** Whether the class of the exporter has been examined. That happens at the first record, when all fields are set. */
  #examined = false;

  /** `contract` is a `Contract`. The type is not named here, so that the public types do not contain it. */
  constructor(contract: object, config: ExporterConfig) {
    super(config);
    // The object itself is kept, so that later changes by the application count. No dump of the exporter shows its
    // token.
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
      // One cause: the system gives no thread.
      this.setDisabled(error instanceof Error ? error.message : String(error), 'warn');
    }
  }

  /** Called by Mastra. Losses are reported through `emitDropEvent`. */
  override init(options: InitExporterOptions): void {
    // Not destructured in the signature: the public types would show it, and core before 1.71 may have no such field.
    this.#emitDropEvent = options.emitDropEvent;
    // Mastra has set the application's logger by now. It had not when the exporter was constructed.
    this.#warnWithoutToken();
  }

  /**
   * Called by Mastra's event bus. Does the same as {@link exportTracingEvent}, but returns a promise only when there is
   * something to wait for: a formatter or a method of a subclass.
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
    // Without a formatter the record has been taken over by now. With one, a flush has to wait for it.
    this.#formatting.add(exporting);
    const done = () => void this.#formatting.delete(exporting);
    exporting.then(done, done);
    return exporting;
  }

  /** Disables the exporter and drops everything that waits. Requests in flight cannot be recalled. */
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
    // There is no wait when none is needed: at the exit of the process nothing runs after a wait.
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

  /** Calls the `flush()` of a subclass when the peer calls it, and logs its failure. Never rejects. */
  async #flushOwn(trigger: FlushTrigger): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      this.#log.flushFailed(trigger, error, this.#pipeline?.undelivered ?? 0);
    }
  }

  /** Whether a record is to be exported. */
  #takes(): boolean {
    if (!this.#examined) this.#examine();
    if (this.isDisabled) this.#warnWithoutToken();
    else if (this.flush !== BASE.flush) this.#hold();
    return !this.isDisabled;
  }

  #examine(): void {
    this.#examined = true;
    const uncalled = uncalledMethods(this, BASE, this.#peer);
    // Such an override may be what holds back a secret, so an error in it drops the record.
    if (uncalled.length > 0) this.setDisabled(`its class overrides ${uncalled.join(', ')}, which only the JavaScript exporter calls`);
    else if (this.#decidesOnSending()) this.#hold();
  }

  #decidesOnSending(): boolean {
    return overrides(this, BASE, 'flush') || overrides(this, BASE, 'isDisabled');
  }

  #hold(): void {
    this.#pipeline?.hold((trigger) => void this.#flushOwn(trigger));
  }

  /** Whether spans pass through a method or a formatter of the application first. */
  #isFormatted(): boolean {
    try {
      return this.#hasOwnParts() || this.baseConfig.customSpanFormatter !== undefined;
    } catch {
      // The base class reads this field.
      return true;
    }
  }

  #hasOwnParts(): boolean {
    try {
      return this.applySpanFormatter !== BASE_FORMATTER || this._exportTracingEvent !== BASE._exportTracingEvent;
    } catch {
      // A getter of a subclass throws. The base class reads it too, and rejects.
      return true;
    }
  }

  /** Waits for the spans that a formatter has now, for `withinMs` at most; returns the time that is left of it. */
  async #formatted(withinMs: number): Promise<number> {
    if (this.#formatting.size === 0) return withinMs;
    // A formatter that takes all the time delays its own span only.
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
    // The application's stack is full.
    if (error instanceof RangeError) this.#pipeline?.lose(signal);
    else this.#log.malformed(method);
  }

  #onDropped(signal: Signal, reason: DropReason, count: number): void {
    try {
      this.#emitDropEvent?.({
        type: 'drop',
        signal: DROP_SIGNALS[signal],
        // This is the only one of Mastra's two reasons that does not concern a storage. The error has our reason.
        reason: 'retry-exhausted',
        count,
        timestamp: new Date(wallMs()),
        exporterName: this.name,
        error: { id: `${this.#names.errorIdPrefix}_DROPPED`, message: reason },
      });
    } catch {
      // An alerting integration that fails must not disturb the export.
    }
  }
}

/** The members that a subclass may override. */
const BASE = NativeTelemetryExporter.prototype;
/** As it was at load: an application may redact by replacing the method in Mastra's base class. */
const BASE_FORMATTER = Object.getPrototypeOf(BASE).applySpanFormatter as unknown;

// Hides the fields also from dumps that show hidden properties.
Object.defineProperty(BASE, inspect.custom, {
  value(this: NativeTelemetryExporter, _depth: number, options: InspectOptions): string {
    return `${this.constructor.name} ${inspect({ ...this }, options)}`;
  },
});
