import type { IMastraLogger } from '@mastra/core/logger';

import type { EngineEvent } from './binding.js';
import { exporterError, type Contract } from './contract.js';
import type { Problem } from './encoder.js';
import { WarningLimit } from './limit.js';

/** At most this many replaced values are named in one warning. */
const MAX_NAMED = 5;

/** Writes what happens into the application's logger, in the peer's words where the peer has them. Never throws. */
export class ExporterLog {
  readonly #contract: Contract;
  readonly #logger: () => IMastraLogger;
  readonly #problemLimit = new WarningLimit();

  /** `logger` is asked each time: Mastra replaces an exporter's logger after construction. */
  constructor(contract: Contract, logger: () => IMastraLogger) {
    this.#contract = contract;
    this.#logger = logger;
  }

  /** One warning for a record that JSON could not hold as it was, naming it. */
  problem({ signal, record, replaced, dropped }: Problem): void {
    const { spanId, traceId } = record as { spanId?: unknown; traceId?: unknown };
    const fields = {
      signal,
      spanId,
      traceId,
      ...(dropped === undefined ? { replaced: replaced.slice(0, MAX_NAMED), replacedCount: replaced.length } : { dropped }),
    };
    this.#limitedWarning(
      dropped === undefined ? 'Replaced values that JSON cannot represent' : 'Dropped a record that cannot be exported',
      fields,
    );
  }

  /** One warning for a call without a usable event. */
  malformed(method: string): void {
    this.#limitedWarning('Ignored a malformed event', { method });
  }

  /** Writes an event of the engine. */
  event(event: EngineEvent): void {
    this.#safely((logger) => this.#write(logger, event));
  }

  /** `<name> shutdown complete`. */
  shutdownComplete(): void {
    this.#safely((logger) => logger.info(`${this.#contract.exporterName} shutdown complete`));
  }

  #write(logger: IMastraLogger, event: EngineEvent): void {
    const { exporterName } = this.#contract;
    const { type, ...fields } = event;
    switch (event.type) {
      case 'batchStarted':
        return logger.debug('Flushing buffered events', fields);
      case 'batchDelivered':
        return logger.debug('Batch flushed successfully', fields);
      case 'batchIncomplete':
        return logger.warn('Batch flush completed with dropped signal batches', fields);
      case 'authCooldown': {
        const seconds = Math.ceil(event.cooldownMs / 1000);
        return logger.warn(`${exporterName} received an authentication failure; pausing uploads for ${seconds}s`, fields);
      }
      case 'signalDropped': {
        const { signal, droppedBatchSize, cause } = event;
        const error = exporterError(this.#contract, `FAILED_TO_BATCH_UPLOAD_${signal.toUpperCase()}`, {
          details: { signal, droppedBatchSize },
          cause: new Error(cause),
        });
        this.#safely(() => logger.trackException(error));
        return logger.error('Batch upload failed after all retries, dropping batch', error);
      }
      case 'queueOverflow':
        return logger.warn(`${exporterName} queue is full, dropped the oldest records`, fields);
      case 'engineFailed':
        return logger.error(`${exporterName} disabled: ${event.message}`, fields);
      case 'flushed':
        return undefined;
    }
  }

  #limitedWarning(message: string, fields: object): void {
    const suppressed = this.#problemLimit.pass();
    if (suppressed === undefined) return;
    this.#safely((logger) => logger.warn(message, suppressed > 0 ? { ...fields, suppressedWarnings: suppressed } : fields));
  }

  /** A logger that throws must not take the application down, nor keep records from being sent. */
  #safely(write: (logger: IMastraLogger) => void): void {
    try {
      write(this.#logger());
    } catch {
      // There is nowhere left to say it.
    }
  }
}
