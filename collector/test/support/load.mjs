// Spans of about 2.3 kB of JSON through an exporter: an agent run of ten spans a trace.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

export const SPANS_PER_TRACE = 10;
/** One of this number of traces has failed. */
export const FAILED_EVERY = 50;
/** The number of services to which the traces belong. */
export const SERVICES = 10;
/** The exporter's queue has 64 MiB; an application that goes on for a while has pauses. */
const TRACES_BETWEEN_FLUSHES = 500;

/** This text makes the JSON of a span about 2.3 kB long. */
const TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(36);
const hex = bytes => randomBytes(bytes).toString('hex');

/** @param {any} exporter @param {number} traces @param {{ shutdown?: boolean }} [end]  `shutdown`: whether the exporter ends then */
export async function exportTraces(exporter, traces, { shutdown = true } = {}) {
  for (let number = 0; number < traces; number++) {
    exportTrace(exporter, number);
    if (number % TRACES_BETWEEN_FLUSHES === TRACES_BETWEEN_FLUSHES - 1) await exporter.flush();
  }
  if (shutdown) await exporter.shutdown();
}

/** An agent run with the model calls and tool calls below it, as ended just now. @param {any} exporter @param {number} number */
function exportTrace(exporter, number) {
  const traceId = hex(16);
  const rootId = hex(8);
  const now = Date.now();
  for (let i = 0; i < SPANS_PER_TRACE; i++) {
    const exportedSpan = {
      id: i === 0 ? rootId : hex(8),
      traceId,
      ...(i > 0 && { parentSpanId: rootId }),
      name: i === 0 ? "agent run: 'support'" : `step ${i}`,
      type: i === 0 ? 'agent_run' : 'model_step',
      entityType: 'agent',
      entityId: 'support',
      isEvent: false,
      isRootSpan: i === 0,
      startTime: new Date(now - 100 + i),
      endTime: new Date(now - i),
      attributes: { maxSteps: 5, usage: { inputTokens: 120, outputTokens: 24 } },
      metadata: { runId: `run-${number}`, serviceName: `service-${number % SERVICES}` },
      ...(i === 0 && number % FAILED_EVERY === 0 && { errorInfo: { message: 'the warehouse does not answer' } }),
      input: [{ role: 'user', content: 'Where is order A-1001?' }],
      output: { text: `${number} ${TEXT}` },
    };
    void exporter.exportTracingEvent({ type: 'span_ended', exportedSpan });
  }
}

/** @param {number} pid @param {'VmRSS' | 'VmHWM'} field  now, or the most it ever was @returns {number} */
export function residentMb(pid, field) {
  const [, kilobytes] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}
