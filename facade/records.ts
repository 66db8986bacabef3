import type { AnyExportedSpan } from '@mastra/core/observability';

/**
 * The record of a span: all its fields and those that the collector's schema names differently. `createdAt` is now.
 * Wire contract of the peer.
 */
export function spanRecord(span: AnyExportedSpan): object {
  return copied(span, {
    spanId: () => span.id,
    spanType: () => span.type,
    startedAt: () => span.startTime,
    endedAt: () => span.endTime ?? null,
    error: () => span.errorInfo ?? null,
    createdAt: () => new Date(),
    updatedAt: () => null,
  });
}

/** The record of a log, metric, score or feedback: its own fields. */
export function plainRecord(source: object | undefined): object {
  return copied(source ?? {}, {});
}

/** A shallow copy with `added` fields. A field that cannot be read throws again when the copy is encoded. */
function copied(source: object, added: Record<string, () => unknown>): object {
  try {
    const copy: Record<string, unknown> = { ...source };
    for (const key in added) copy[key] = added[key]?.();
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
