import type { BaseExporterConfig } from '@mastra/observability';

import type { NativeExporterOptions } from './native-options.js';

/**
 * The options that Mastra's JavaScript exporters (`@mastra/observability`) have too, with the same meaning. They take
 * any value, as with the JavaScript exporters: a number out of range is brought into range.
 */
export interface SharedOptions {
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

/** The options that `CloudExporter` and `MastraPlatformExporter` have in common. */
export interface ExporterConfig extends BaseExporterConfig, SharedOptions, NativeExporterOptions {}
