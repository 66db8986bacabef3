/**
 * The options that the JavaScript exporters of `@mastra/observability` have too, with the same meaning. They take any value, as
 * there: a number out of range is brought into range.
 */
export interface SharedOptions {
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
