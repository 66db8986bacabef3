import { Date, wallMs } from '../../native/clock.js';

/** The fields of `AnyExportedAISpan` of `@mastra/core` 0.24 that are read. */
export interface ExportedAISpan {
  id: string;
  traceId: string;
  parentSpanId?: string | undefined;
  name: string;
  type: string;
  startTime: Date;
  endTime?: Date | undefined;
  attributes?: unknown;
  metadata?: unknown;
  input?: unknown;
  output?: unknown;
  errorInfo?: unknown;
  isEvent: boolean;
}

/**
 * The record of a span: these fields and no others. `createdAt` is the present time. Wire contract of the peer of 0.24.
 */
export function spanRecord(span: ExportedAISpan): object {
  return {
    traceId: span.traceId,
    spanId: span.id,
    parentSpanId: span.parentSpanId ?? null,
    name: span.name,
    spanType: span.type,
    attributes: span.attributes ?? null,
    metadata: span.metadata ?? null,
    startedAt: span.startTime,
    endedAt: span.endTime ?? null,
    input: span.input ?? null,
    output: span.output ?? null,
    // The JSON has these fields only when they are set, unlike the others.
    error: span.errorInfo,
    isEvent: span.isEvent,
    createdAt: new Date(wallMs()),
    updatedAt: null,
  };
}
