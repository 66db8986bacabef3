import type { IMastraLogger } from '@mastra/core/logger';

import type { Problem } from '../../encode/encoder.js';
import { safely, type ExporterLog } from '../../log/log.js';
import type { EngineEvent } from '../../native/engine.js';
import type { PossibleCause } from '../../native/stats.js';
import type { PipelineLog } from '../../pipeline/pipeline.js';

/** The message and the error id for a lost batch. */
interface Failed {
  droppedBatchSize: number;
  endpoint: string;
  attempts?: number;
  status?: number;
  answer?: string;
}

/**
 * Logs batches as the peer of 0.24 does: fewer lines than 1.x, with other error ids. All other lines are those of 1.x.
 * Never throws.
 */
export class AiTracingLog implements PipelineLog {
  readonly #log: ExporterLog;
  readonly #logger: () => IMastraLogger;

  constructor(log: ExporterLog, logger: () => IMastraLogger) {
    this.#log = log;
    this.#logger = logger;
  }

  event(event: EngineEvent): void {
    switch (event.type) {
      case 'batchStarted':
      case 'batchIncomplete':
        return;
      case 'signalDropped':
        return this.#uploadFailed(event, event.cause);
      case 'authCooldown':
        // The peer of 0.24 has no cooldown: there a rejected batch is a failed one, with the same error.
        this.#uploadFailed(event, `Request failed with status: ${event.status}`);
    }
    this.#log.event(event);
  }

  problem(problem: Problem): void {
    this.#log.problem(problem);
  }

  heldAtExit(undeliveredRecords: number, withinMs: number): void {
    this.#log.heldAtExit(undeliveredRecords, withinMs);
  }

  lostAtExit(lostRecords: number, reason?: PossibleCause): void {
    this.#log.lostAtExit(lostRecords, reason);
  }

  keptAtExit(keptRecords: number, path: string): void {
    this.#log.keptAtExit(keptRecords, path);
  }

  /** Records were left at shutdown. */
  flushingOnShutdown(remainingEvents: number): void {
    safely(() => this.#logger().info('Flushing remaining events on shutdown', { remainingEvents }));
  }

  #uploadFailed({ droppedBatchSize, endpoint, ...rest }: Failed, cause: string): void {
    const { attempts, status, answer } = rest;
    const said = { ...(attempts === undefined ? {} : { attempts, ...(status === undefined ? {} : { status }) }), ...(answer ? { answer } : {}) };
    this.#log.uploadFailed('FAILED_TO_BATCH_UPLOAD', { droppedBatchSize, endpoint, ...said }, cause);
  }
}
