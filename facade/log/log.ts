import type { IMastraLogger } from '@mastra/core/logger';

import type { Problem } from '../encode/encoder.js';
import { monotonicMs } from '../native/clock.js';
import type { EngineEvent } from '../native/engine.js';
import { NO_ANSWER, type PossibleCause } from '../native/stats.js';
import type { PipelineLog } from '../pipeline/pipeline.js';
import { exporterError, type Names } from './errors.js';
import { RepeatLimit } from './limit.js';

/** An option that no exporter has, and the known one that it resembles. */
export interface UnknownOption {
  option: string;
  nearest: string | undefined;
}

/** Why `flush()` of an exporter's class was called. */
export type FlushTrigger = 'size' | 'time' | 'shutdown';

type Level = 'debug' | 'info' | 'warn' | 'error';

/**
 * The message about a record that was dropped alone, by reason. Any other reason means that the record is too large.
 */
const FAULT: Partial<Record<string, string>> = {
  unencodable: 'cannot be exported',
  refused: 'the collector does not take',
  retriesExhausted: 'the collector does not take',
};

/** Writes what happens into the application's logger, in the peer's words where the peer has them. Never throws. */
export class ExporterLog implements PipelineLog {
  readonly #names: Names;
  readonly #logger: () => IMastraLogger;
  readonly #credentials: { tokenVariable?: string };
  readonly #limits = new Map<string, RepeatLimit>();

  /**
   * `logger` is called for each line, because Mastra replaces an exporter's logger after construction. `tokenVariable`:
   * the environment variable of the token, unless the token was given as an option.
   */
  constructor(names: Names, logger: () => IMastraLogger, tokenVariable?: string) {
    this.#names = names;
    this.#logger = logger;
    this.#credentials = tokenVariable === undefined ? {} : { tokenVariable };
  }

  /** Logs one warning for a record that could not be encoded as it was, with its name. */
  problem({ signal, record, replaced, replacedCount, dropped }: Problem): void {
    const { spanId, traceId } = identity(record);
    if (dropped) {
      this.#limited('warn', 'Dropped a record that cannot be exported', { signal, spanId, traceId, reason: dropped });
      return;
    }
    this.#limited('warn', 'Replaced values that JSON cannot represent', { signal, spanId, traceId, replaced, replacedCount });
  }

  /** Logs one warning for a call without a usable event. */
  malformed(method: string): void {
    this.#limited('warn', 'Ignored a malformed event', { method });
  }

  /** There is no token, so nothing is exported. `variable`: the environment variable for it. */
  missingToken(variable: string): void {
    this.#write(
      'warn',
      `${this.#names.exporterName} has no access token and exports nothing. Set ${variable} or the option accessToken; Mastra Platform issues tokens at https://projects.mastra.ai. To silence this, leave the exporter out where there is no token`,
    );
  }

  /** An option that has no effect. */
  unknownOption({ option, nearest }: UnknownOption): void {
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
    this.#write('warn', `${this.#names.exporterName} ignores the unknown option ${option}${hint}`, { option, ...(nearest ? { nearest } : {}) });
  }

  /** Others can read the token on its way to these hosts. */
  readableToken(hosts: readonly string[]): void {
    this.#write('warn', `${this.#names.exporterName} sends its access token unencrypted; use https`, { hosts });
  }

  /**
   * These environment variables name no usable proxy. Their values are not shown, because they may contain a password.
   */
  unusableProxy(variables: readonly string[]): void {
    this.#write('warn', `${this.#names.exporterName} ignores a proxy that is not an http, https or SOCKS URL and sends directly`, { variables });
  }

  /** The end of the process is delayed for at most this time because of this number of records. */
  heldAtExit(undeliveredRecords: number, withinMs: number): void {
    this.#write('warn', `${this.#names.exporterName} delays the end of the process by up to ${withinMs} ms to deliver ${records(undeliveredRecords)}`, { undeliveredRecords, withinMs });
  }

  /** The process ends with records undelivered. */
  lostAtExit(lostRecords: number, reason?: PossibleCause): void {
    this.#write('warn', `${this.#names.exporterName} lost ${records(lostRecords)} at exit${failing(reason ?? {})}`, { lostRecords, ...reason });
  }

  /** The process ends with records that are in the spool. */
  keptAtExit(keptRecords: number, path: string): void {
    this.#write('info', `${this.#names.exporterName} kept ${records(keptRecords)} in its spool at exit`, { keptRecords, path });
  }

  /** `<name> shutdown complete`. */
  shutdownComplete(): void {
    this.#write('info', `${this.#names.exporterName} shutdown complete`);
  }

  /** Writes an event of the engine. */
  event(event: EngineEvent): void {
    const { type, ...fields } = event;
    const { exporterName } = this.#names;
    switch (event.type) {
      case 'batchStarted':
        return this.#write('debug', 'Flushing buffered events', fields);
      case 'batchDelivered':
        return this.#write('debug', 'Batch flushed successfully', fields);
      case 'batchIncomplete':
        return this.#limited('warn', 'Batch flush completed with dropped signal batches', fields);
      case 'authCooldown': {
        const seconds = Math.ceil(event.cooldownMs / 1000);
        const message = `${exporterName} received an authentication failure; pausing uploads for ${seconds}s`;
        return this.#limited('warn', message, { ...fields, ...this.#credentials }, type);
      }
      case 'signalDropped': {
        const { type: _type, cause, ...details } = event;
        return this.uploadFailed(`FAILED_TO_BATCH_UPLOAD_${event.signal.toUpperCase()}`, details, cause);
      }
      case 'unreachable': {
        const { endpoint, cause, waitingRecords, keptForMs } = event;
        const waiting = `Waiting: ${records(waitingRecords)}, kept for up to ${duration(keptForMs)}`;
        return this.#limited('warn', `${exporterName} cannot deliver to ${endpoint}: ${plain(cause)}. ${waiting}`, fields, type);
      }
      case 'reachable': {
        const { endpoint, downMs, waitingRecords } = event;
        return this.#limited('info', `${exporterName} delivers to ${endpoint} again after ${duration(downMs)}; waiting: ${records(waitingRecords)}`, fields, type);
      }
      case 'tryFailed':
        return this.#write('debug', `${exporterName} will try again`, fields);
      case 'partlyRefused':
        return this.#limited('warn', `${exporterName}: the collector took a request but not all of its records`, fields);
      case 'recordDropped': {
        const { signal, reason, record, bytes } = event;
        return this.#limited('warn', `Dropped a record that ${FAULT[reason] ?? 'is too large'}`, { ...record, signal, reason, bytes });
      }
      case 'bufferDamaged':
        return this.#limited('warn', 'Dropped records that arrived damaged', fields);
      case 'quotaPaused':
        return this.#write(
          'warn',
          `Mastra observability export paused: platform quota exhausted (OBSERVABILITY_QUOTA_EXCEEDED). Dropping telemetry and retrying in ${event.probeAfterSeconds} seconds. Check Platform billing/usage to restore telemetry.`,
        );
      case 'quotaResumed':
        return this.#write('warn', 'Mastra observability resumed: quota restored, exports re-enabled');
      case 'queueOverflow':
        return this.#limited('warn', `${exporterName} queue is full, dropped the oldest records`, fields);
      case 'spoolFailed':
        return this.#limited('warn', `${exporterName} cannot use its spool; records are kept in memory only`, fields);
      case 'spoolResumed':
        return this.#limited('info', `${exporterName} uses its spool again`, fields);
      case 'spoolUnreadable':
        return this.#limited('warn', 'Dropped spooled records that cannot be read', fields);
      case 'spoolLeftAlone':
        return this.#limited('warn', 'Left spooled records of a newer version alone', fields);
      case 'spoolDropped': {
        const what = event.reason === 'spoolFull' ? 'spool is full, dropped the oldest records' : 'dropped spooled records that are too old';
        return this.#limited('warn', `${exporterName} ${what}`, { droppedRecords: event.droppedRecords });
      }
      case 'shutdownKept':
        return this.#write('info', `${exporterName} shutdown kept ${records(event.keptRecords)} in its spool`, fields);
      case 'shutdownIncomplete':
        return this.#write('warn', `${exporterName} shutdown left ${records(event.droppedRecords)} undelivered${failing(event)}`, fields);
      case 'engineFailed':
        return this.#write('error', `${exporterName} disabled: ${event.message}`, fields);
      case 'dropped':
      case 'flushed':
        return undefined;
    }
  }

  /**
   * A batch is lost: an error with this id and these details goes to the log and to the application's error tracking.
   */
  uploadFailed(idSuffix: string, details: Record<string, unknown> & { attempts?: number; status?: number }, cause: string): void {
    const refused = details.attempts === 1 && isFinal(details.status);
    const after = refused ? 'after 1 attempt' : 'after all retries';
    this.#failed(idSuffix, `Batch upload failed ${after}, dropping batch`, { ...details }, new Error(cause));
  }

  /** `flush()` of an exporter's class has failed, with this many records undelivered. */
  flushFailed(trigger: FlushTrigger, cause: unknown, remainingEvents: number): void {
    if (trigger === 'size') {
      this.#limited('error', 'Batch flush failed', { error: cause instanceof Error ? cause.message : String(cause) });
    } else if (trigger === 'time') {
      this.#failed('FAILED_TO_SCHEDULE_FLUSH', 'Scheduled flush failed', undefined, cause);
    } else {
      const idSuffix = 'FAILED_TO_FLUSH_REMAINING_EVENTS_DURING_SHUTDOWN';
      this.#failed(idSuffix, 'Failed to flush remaining events during shutdown', { remainingEvents }, cause);
    }
  }

  #failed(idSuffix: string, message: string, details: Record<string, unknown> | undefined, cause: unknown): void {
    const suppressed = this.#limit(idSuffix);
    if (suppressed === undefined) return;
    const shown = suppressed > 0 ? { ...details, suppressedMessages: suppressed } : details;
    const error = exporterError(this.#names, idSuffix, { ...(shown ? { details: shown } : {}), cause });
    safely(() => this.#logger().trackException(error));
    safely(() => this.#logger().error(message, error));
  }

  #limited(level: Level, message: string, fields: object, key = message): void {
    const suppressed = this.#limit(key);
    if (suppressed === undefined) return;
    this.#write(level, message, suppressed > 0 ? { ...fields, suppressedMessages: suppressed } : fields);
  }

  #limit(key: string): number | undefined {
    let limit = this.#limits.get(key);
    if (!limit) this.#limits.set(key, (limit = new RepeatLimit()));
    return limit.pass(monotonicMs());
  }

  #write(level: Level, message: string, fields?: object): void {
    safely(() => (fields ? this.#logger()[level](message, fields) : this.#logger()[level](message)));
  }
}

/** Whether the collector would give the same answer again, so that there is no second attempt. */
function isFinal(status: number | undefined): boolean {
  return status !== undefined && status < 500 && ![407, 408, 425, 429].includes(status);
}

/** The last error and its address, for the end of a line. */
function failing({ endpoint, cause }: { endpoint?: string; cause?: string }): string {
  if (endpoint === undefined || cause === undefined) return '';
  return cause === NO_ANSWER ? `; no answer yet from ${endpoint}` : `; last error from ${endpoint}: ${plain(cause)}`;
}

/** A cause for the middle of a sentence. */
function plain(cause: string): string {
  return cause.replace(/^Request failed(?: with status)?: (?:error sending request: )?(?:client error \(\w+\): )?/, '').replace(/^(?=\d{3}\b)/, 'status ');
}

/** A number of records for the middle of a sentence. */
function records(count: number): string {
  return `${count} ${count === 1 ? 'record' : 'records'}`;
}

/** A duration for a person to read. */
function duration(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

/** A logger that throws must not take the application down, nor keep records from being sent. */
export function safely(write: () => void): void {
  try {
    write();
  } catch {
    // There is no other place to report this.
  }
}

/** What identifies a record in a warning. */
function identity(record: object): { spanId?: unknown; traceId?: unknown } {
  try {
    const { spanId, traceId } = record as { spanId?: unknown; traceId?: unknown };
    return { spanId, traceId };
  } catch {
    return {};
  }
}
