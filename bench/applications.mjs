// The applications whose spans are exported: `emit(number)` exports the next span, `flush()` waits until all are
// delivered.
import { Observability } from '@mastra/observability';

import { createApp } from '../examples/demo/app.mjs';
import { NONE } from './exporters.mjs';

/** Hands spans to the method that Mastra's bus calls. @param {(number: number) => object} make @param {object[]} exporters */
export function direct(make, exporters) {
  const pending = new Set();
  return {
    emit(number) {
      const event = { type: 'span_ended', exportedSpan: make(number) };
      for (const exporter of exporters) {
        // As Mastra's bus does: the promise is awaited if there is one.
        const result = exporter.onTracingEvent(event);
        if (typeof result?.then !== 'function') continue;
        const promise = result.catch(() => {});
        pending.add(promise);
        void promise.finally(() => pending.delete(promise));
      }
    },
    flush: () => Promise.all(exporters.map((exporter) => exporter.flush())),
  };
}

/**
 * Mastra's whole way: the spans of the demo's agent and workflows are started and ended again and again, with the
 * redaction (`SensitiveDataFilter`) and the bus that `Observability` has by default.
 */
export async function wholeWay(exporters) {
  const events = await captureEvents();
  const observability = new Observability({ configs: { bench: { serviceName: 'bench', exporters } } });
  const instance = observability.getDefaultInstance();
  const open = new Map();
  let next = 0;
  const replay = ({ type, exportedSpan: { id, parentSpanId, ...span } }) => {
    if (type === 'span_started') {
      const { name, type: spanType, input, attributes, metadata, entityType, entityId, entityName } = span;
      const options = { name, type: spanType, input, attributes, metadata, entityType, entityId, entityName };
      const parent = open.get(parentSpanId);
      open.set(id, parent ? parent.createChildSpan(options) : instance.startSpan(options));
      return false;
    }
    open.get(id).end({ output: span.output, attributes: span.attributes });
    open.delete(id);
    return true;
  };
  return {
    emit() {
      for (let ended = false; !ended; next += 1) ended = replay(events[next % events.length]);
    },
    flush: () => instance.flush(),
  };
}

/** The starts and ends of all spans of a run that exporters send. */
async function captureEvents() {
  const events = [];
  const capture = {
    ...NONE,
    onTracingEvent(event) {
      // Neither exporter sends model chunks.
      if (event.type !== 'span_updated' && event.exportedSpan.type !== 'model_chunk') events.push(structuredClone(event));
    },
  };
  const app = createApp({ exporters: [capture] });
  await app.run();
  await app.observability.shutdown();
  return events;
}
