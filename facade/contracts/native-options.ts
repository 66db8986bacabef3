/** Options that the exporters have beyond those of `@mastra/observability`. Wrong values are refused. */
export interface NativeExporterOptions {
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
