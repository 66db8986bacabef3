// Spans of a size that agents really have, and which of them have arrived at a collector.
import { makeSpan, spanEvent } from './events.mjs';

// Makes the JSON of a span about 2.2 kB long.
const TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(36);

/** An ended span of about 2.2 kB. */
export const bigSpan = (id, overrides) => spanEvent(makeSpan(id, { output: { text: `${id} ${TEXT}` }, ...overrides }));

/** Exports `count` spans `<prefix>0`, `<prefix>1`, ... in this turn of the event loop. */
export function exportSpans(exporter, count, prefix = 's', from = 0) {
  for (let i = from; i < from + count; i += 1) void exporter.exportTracingEvent(bigSpan(`${prefix}${i}`));
}

/** `<prefix>0` to `<prefix><count - 1>`. */
export const numbered = (count, prefix = 's') => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

/** Counts for each span id its arrivals in requests that were answered 2xx. */
export function arrivals(collector, segment = 'spans') {
  const counts = new Map();
  for (const { spanId } of collector.records(segment)) counts.set(spanId, (counts.get(spanId) ?? 0) + 1);
  return counts;
}

/** The ids that are missing, shortened for a message. */
export function missing(expected, counts) {
  const lost = expected.filter((id) => !counts.has(id));
  return lost.length > 5 ? [...lost.slice(0, 5), `... ${lost.length} in all`] : lost;
}
