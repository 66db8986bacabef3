import type { AnyExportedSpan } from '@mastra/core/observability';

/** What is exported of a record, as a shallow copy that belongs to the exporter. */
export interface Exported {
  record: object;
  /** Whether all fields are there; those of a span may be left to the engine (src/wire/span.rs). */
  complete: boolean;
}

/** Where the further fields of a span's record come from. Wire contract of the peer. */
const FIELDS: Record<string, (span: AnyExportedSpan) => unknown> = {
  spanId: (span) => span.id,
  spanType: (span) => span.type,
  startedAt: (span) => span.startTime,
  endedAt: (span) => span.endTime ?? null,
  error: (span) => span.errorInfo ?? null,
  createdAt: () => new Date(),
  updatedAt: () => null,
};

/** What is exported of a span: all its fields, and those that the collector's schema names differently. */
export function exportedSpan(span: AnyExportedSpan): Exported {
  try {
    const record = { ...span };
    if (isOrdinary(record, span)) return { record, complete: false };
  } catch {
    // A field that cannot be read.
  }
  return { record: spanRecord(span), complete: true };
}

/** What is exported of a log, metric, score or feedback: its own fields. */
export function exportedRecord(source: object | undefined): Exported {
  return { record: copied(source ?? {}, {}), complete: true };
}

/** The whole record of a span. `createdAt` is now. */
export function spanRecord(span: AnyExportedSpan): object {
  return copied(span, Object.fromEntries(Object.entries(FIELDS).map(([key, read]) => [key, () => read(span)])));
}

/**
 * Whether the engine can add the fields: it sees only what the copy has, and puts them last, so that a span must not
 * have them already.
 */
function isOrdinary(copy: object, span: AnyExportedSpan): boolean {
  const { id, type, startTime, endTime, errorInfo, spanId, spanType, startedAt, endedAt, error, createdAt, updatedAt } =
    copy as AnyExportedSpan & Record<string, unknown>;
  return (
    id === span.id &&
    type === span.type &&
    startTime === span.startTime &&
    endTime === span.endTime &&
    errorInfo === span.errorInfo &&
    spanId === undefined &&
    spanType === undefined &&
    startedAt === undefined &&
    endedAt === undefined &&
    error === undefined &&
    createdAt === undefined &&
    updatedAt === undefined
  );
}

/** A shallow copy with `added` fields. A field that cannot be read throws again when the copy is encoded. */
function copied(source: object, added: Record<string, () => unknown>): object {
  try {
    const copy: Record<string, unknown> = { ...source };
    for (const key of Object.keys(added)) copy[key] = added[key]?.();
    return copy;
  } catch {
    const copy = {};
    for (const key of Object.keys(source)) define(copy, key, () => (source as Record<string, unknown>)[key]);
    for (const key of Object.keys(added)) define(copy, key, added[key] as () => unknown);
    return copy;
  }
}

function define(target: object, key: string, read: () => unknown): void {
  const shared = { enumerable: true, configurable: true };
  try {
    Object.defineProperty(target, key, { ...shared, writable: true, value: read() });
  } catch (error) {
    Object.defineProperty(target, key, { ...shared, get: () => { throw error; } });
  }
}
