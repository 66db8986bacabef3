import type { AnyExportedSpan } from '@mastra/core/observability';

import { Date, wallMs } from '../native/clock.js';
import { isPlainObject } from './plain.js';

/** The fields from which the further fields of a span's record are copied. Wire contract of the peer. */
const FIELDS: Record<string, (span: AnyExportedSpan) => unknown> = {
  spanId: (span) => span.id,
  spanType: (span) => span.type,
  startedAt: (span) => span.startTime,
  endedAt: (span) => span.endTime ?? null,
  error: (span) => span.errorInfo ?? null,
  createdAt: () => new Date(wallMs()),
  updatedAt: () => null,
};

const { toJSON: dateToJSON } = Date.prototype;

/** The complete record of a span. `createdAt` is the present time. */
export function spanRecord(span: AnyExportedSpan): object {
  return copied(span, Object.fromEntries(Object.entries(FIELDS).map(([key, read]) => [key, () => read(span)])));
}

/**
 * Returns the exported fields of a span, with those that the collector's schema names differently, and whether all of
 * them are there. If not, the engine adds the missing ones (src/wire/span.rs).
 */
export function exportedSpan(span: AnyExportedSpan): [record: object, complete: boolean] {
  try {
    const record = { ...span };
    if (isOrdinary(record, span)) return [record, false];
  } catch {
    // A field cannot be read.
  }
  return [spanRecord(span), true];
}

/** Returns the exported fields of any other record: its own. */
export function exportedRecord(source: object): object {
  return isPlainObject(source) ? source : copied(source, {});
}

/**
 * Whether the engine can add the fields. The engine sees only what the copy has, and puts them last, so the span must
 * not have them already.
 */
function isOrdinary(copy: object, span: AnyExportedSpan): boolean {
  const { id, type, startTime, endTime, errorInfo, spanId, spanType, startedAt, endedAt, error, createdAt, updatedAt } =
    copy as AnyExportedSpan & Record<string, unknown>;
  return (
    isSameForAnyKey(id) &&
    isSameForAnyKey(type) &&
    isSameForAnyKey(startTime) &&
    isSameForAnyKey(endTime) &&
    isSameForAnyKey(errorInfo) &&
    (id ?? span.id) === id &&
    (type ?? span.type) === type &&
    (startTime ?? span.startTime) === startTime &&
    (endTime ?? span.endTime) === endTime &&
    (errorInfo ?? span.errorInfo) === errorInfo &&
    spanId === undefined &&
    spanType === undefined &&
    startedAt === undefined &&
    endedAt === undefined &&
    error === undefined &&
    createdAt === undefined &&
    updatedAt === undefined
  );
}

/** Whether the JSON of a value is the same under another name: a `toJSON` is told the name. */
function isSameForAnyKey(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'bigint') || value === null) return true;
  const { toJSON } = value as { toJSON?: unknown };
  return typeof toJSON !== 'function' || toJSON === dateToJSON;
}

/** Makes a shallow copy with `added` fields. A field that cannot be read throws again when the copy is encoded. */
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
