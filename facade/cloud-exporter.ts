import {
  SpanType,
  TracingEventType,
  type FeedbackEvent,
  type LogEvent,
  type MetricEvent,
  type ScoreEvent,
  type TracingEvent,
} from '@mastra/core/observability';
import { BaseExporter, type CloudExporterConfig as PeerCloudExporterConfig } from '@mastra/observability';

import { exporterError, type Contract } from './contract.js';
import { resolveEndpoints } from './endpoints.js';
import { ExporterLog } from './log.js';
import { resolveNumbers } from './options.js';
import { Pipeline } from './pipeline.js';
import { plainRecord, spanRecord } from './records.js';
import type { Signal } from './signals.js';
import { trustedPem } from './trust.js';

const CONTRACT: Contract = { exporterName: 'CloudExporter', errorIdPrefix: 'CLOUD_EXPORTER' };
const VALID_PROJECT_ID = /^[a-zA-Z0-9_-]+$/;

/** The options of `CloudExporter` of `@mastra/observability`, and two of our own. */
export interface CloudExporterConfig extends PeerCloudExporterConfig {
  /**
   * Time limit of one attempt in milliseconds, from connecting to the end of the answer. An integer from 1 to 600000;
   * default 30000.
   */
  requestTimeoutMs?: number;
  /**
   * Memory for records that wait or are under way, in bytes of JSON. When it is full the oldest waiting records are
   * dropped. An integer from 1048576 (1 MiB) to 4294967296 (4 GiB); default 67108864 (64 MiB).
   */
  maxQueueBytes?: number;
}

/**
 * Sends ended spans, logs, metrics, scores and feedback to a Mastra collector. A drop-in for `CloudExporter` of
 * `@mastra/observability`: same options, environment variables, log lines and error ids; batching, retries and
 * requests run on a native thread.
 *
 * @throws MastraError from the constructor: `CLOUD_EXPORTER_INVALID_PROJECT_ID`, `CLOUD_EXPORTER_INVALID_ENDPOINT`,
 * `CLOUD_EXPORTER_INVALID_OPTION`.
 */
export class CloudExporter extends BaseExporter {
  override name = 'mastra-cloud-observability-exporter';
  readonly #log = new ExporterLog(CONTRACT, () => this.logger);
  /** Absent when the exporter is disabled. */
  readonly #pipeline: Pipeline | undefined;
  /** Spans that an asynchronous `customSpanFormatter` still holds. */
  readonly #formatting = new Set<Promise<void>>();

  constructor(config: CloudExporterConfig = {}) {
    super(config);
    if (config.projectId !== undefined && !VALID_PROJECT_ID.test(config.projectId)) {
      throw exporterError(CONTRACT, 'INVALID_PROJECT_ID', {
        text: 'CloudExporter projectId must only contain letters, numbers, hyphens, and underscores.',
        details: { projectId: config.projectId },
      });
    }
    const accessToken = config.accessToken ?? process.env['MASTRA_CLOUD_ACCESS_TOKEN'];
    const projectId = config.projectId ?? process.env['MASTRA_PROJECT_ID'];
    if (!accessToken) this.setDisabled('MASTRA_CLOUD_ACCESS_TOKEN environment variable not set.', 'debug');
    const endpoints = resolveEndpoints(CONTRACT, {
      // A bad one is refused as an option, above, but passed over in the environment: peer.
      projectId: projectId && VALID_PROJECT_ID.test(projectId) ? projectId : undefined,
      endpoint: config.endpoint,
      explicit: {
        traces: config.tracesEndpoint ?? process.env['MASTRA_CLOUD_TRACES_ENDPOINT'],
        logs: config.logsEndpoint,
        metrics: config.metricsEndpoint,
        scores: config.scoresEndpoint,
        feedback: config.feedbackEndpoint,
      },
    });
    const numbers = resolveNumbers(CONTRACT, config);
    if (!accessToken) return;
    const secure = endpoints.some((endpoint) => endpoint.startsWith('https:'));
    this.#pipeline = new Pipeline(
      { accessToken: String(accessToken), endpoints, ...numbers, ...(secure ? { trustedPem: trustedPem() } : {}) },
      this.#log,
    );
  }

  /** Exports an ended span; other events are ignored. Never rejects, whatever it is given. */
  override exportTracingEvent(event: TracingEvent): Promise<void> {
    if (this.isDisabled) return Promise.resolve();
    const exporting = this.#export(event);
    // Without a formatter the record is taken over by now; with one, a flush has to wait for it.
    if (this.baseConfig.customSpanFormatter) {
      this.#formatting.add(exporting);
      void exporting.finally(() => this.#formatting.delete(exporting));
    }
    return exporting;
  }

  protected override async _exportTracingEvent(event: TracingEvent): Promise<void> {
    const span = event.exportedSpan;
    if (event.type !== TracingEventType.SPAN_ENDED || span.type === SpanType.MODEL_CHUNK) return;
    this.#pipeline?.push('traces', spanRecord(span));
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
   * Sends what was exported before this call and waits until it is delivered, or dropped after the last attempt. Never
   * rejects. The exporter stays usable.
   */
  override async flush(): Promise<void> {
    while (this.#formatting.size > 0) await Promise.allSettled([...this.#formatting]);
    await this.#pipeline?.flush();
  }

  /** {@link CloudExporter.flush}, and one log line. */
  override async shutdown(): Promise<void> {
    if (this.isDisabled) return;
    await this.flush();
    this.#log.shutdownComplete();
  }

  async #export(event: TracingEvent): Promise<void> {
    try {
      const { customSpanFormatter } = this.baseConfig;
      await this._exportTracingEvent(customSpanFormatter ? await this.applySpanFormatter(event) : event);
    } catch {
      this.#log.malformed('exportTracingEvent');
    }
  }

  #push(signal: Signal, method: string, read: () => object): void {
    try {
      this.#pipeline?.push(signal, plainRecord(read()));
    } catch {
      this.#log.malformed(method);
    }
  }
}
