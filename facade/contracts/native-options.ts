/** Options that Mastra's JavaScript exporters do not have. A wrong value is an error. */
export interface NativeExporterOptions {
  /**
   * How long a batch is retried, in milliseconds, when `maxRetries` is not given. An integer from 0 to 86400000;
   * default 300000.
   */
  retryWindowMs?: number;
  /**
   * Time limit of one attempt in milliseconds, from connecting to the end of the answer. An integer from 1 to 600000;
   * default 30000.
   */
  requestTimeoutMs?: number;
  /**
   * Time limit of making a connection, in milliseconds, within `requestTimeoutMs`. The addresses of a host name share
   * it: of two, the second is tried after half of the time. An integer from 1 to 600000; default 10000.
   */
  connectTimeoutMs?: number;
  /** The longest wait of `flush()`, in milliseconds. An integer from 0 to 600000; default 30000. */
  flushTimeoutMs?: number;
  /** The longest wait of `shutdown()`, in milliseconds. An integer from 0 to 600000; default 8000. */
  shutdownTimeoutMs?: number;
  /**
   * The longest time that the end of the process is delayed, in milliseconds. An integer from 0 to 600000; default
   * 2000.
   */
  exitTimeoutMs?: number;
  /**
   * The limit on a request's body before compression, in bytes. The limit is never above an eighth of `maxQueueBytes`.
   * A body with one record may exceed it. An integer from 1024 to 268435456; default 4194304 (4 MiB).
   */
  maxBatchBytes?: number;
  /**
   * The limit on the JSON of one record, in bytes. A larger record is dropped. An integer from 1024 to 268435456;
   * default 16777216.
   */
  maxRecordBytes?: number;
  /**
   * The limit on the memory for waiting records and records in flight, in bytes: their JSON and the cost of keeping it.
   * When the memory is full, the oldest waiting records are dropped. An integer from 1048576 (1 MiB) to 4294967296 (4
   * GiB); default 67108864 (64 MiB).
   */
  maxQueueBytes?: number;
  /**
   * A directory in which records survive the process until they are delivered; made if absent, readable for this user
   * alone. Prompts and completions are written to it as they are sent; the token is not. On a local disk; processes may
   * share it. Default: the environment variable `MASTRA_NATIVE_SPOOL_DIRECTORY`, else none: records are kept in memory only.
   */
  spoolDirectory?: string;
  /**
   * What the spool may take on the disk, in bytes, over all processes with the same directory and addresses. When it is
   * full the oldest records are dropped. An integer from 1048576 (1 MiB) to 1099511627776 (1 TiB); default 1073741824
   * (1 GiB).
   */
  maxSpoolBytes?: number;
  /** Records that are older are dropped from the spool, in milliseconds. An integer from 1000 to 31536000000; default 604800000 (7 days). */
  maxSpoolAgeMs?: number;
  /**
   * When spooled records reach the disk: within 500 ms, or when the system sees fit. The end of a process costs nothing
   * either way; a loss of power costs what is not on the disk. Default `'interval'`.
   */
  spoolSync?: 'interval' | 'none';
  /** Compression of request bodies: `'none'`, or `'gzip'` with `content-encoding: gzip`. Default `'none'`. */
  compression?: 'none' | 'gzip';
}
