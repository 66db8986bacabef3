import { FeedbackEvent, LogEvent, MetricEvent, ScoreEvent, TracingEvent } from "@mastra/core/observability";
import { BaseExporter, CloudExporterConfig as CloudExporterConfig$1 } from "@mastra/observability";

//#region facade/cloud-exporter.d.ts
/** The options of `CloudExporter` of `@mastra/observability`, and two of our own. */
interface CloudExporterConfig extends CloudExporterConfig$1 {
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
declare class CloudExporter extends BaseExporter {
  #private;
  name: string;
  constructor(config?: CloudExporterConfig);
  /** Exports an ended span; other events are ignored. Never rejects, whatever it is given. */
  exportTracingEvent(event: TracingEvent): Promise<void>;
  protected _exportTracingEvent(event: TracingEvent): Promise<void>;
  /** Exports a log. Never rejects. */
  onLogEvent(event: LogEvent): Promise<void>;
  /** Exports a metric. Never rejects. */
  onMetricEvent(event: MetricEvent): Promise<void>;
  /** Exports a score. Never rejects. */
  onScoreEvent(event: ScoreEvent): Promise<void>;
  /** Exports feedback. Never rejects. */
  onFeedbackEvent(event: FeedbackEvent): Promise<void>;
  /**
   * Sends what was exported before this call and waits until it is delivered, or dropped after the last attempt. Never
   * rejects. The exporter stays usable.
   */
  flush(): Promise<void>;
  /** {@link CloudExporter.flush}, and one log line. */
  shutdown(): Promise<void>;
}
//#endregion
export { CloudExporter, type CloudExporterConfig };