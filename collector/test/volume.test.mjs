// 100,000 typical spans through exporter and collector: none lost, memory bounded.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { CloudExporter } from '../../dist/index.js';
import { TOKEN } from './support/collector.mjs';
import { countSpans } from './support/rows.mjs';
import { collectorFor, testOnStores } from './support/test.mjs';

const TRACES = 10_000;
const SPANS_PER_TRACE = 10;
/** With it the JSON of a span has about 2.2 kB. */
const TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(36);
/** Far below what the spans come to, some 220 MB of JSON, beside the collector's own size and DuckDB's buffers. */
const MEMORY_LIMIT_MB = 1536;

testOnStores('100,000 typical spans', async (t, store) => {
  const collector = await collectorFor(t, store);
  await collector.request('/traces');
  const idle = residentMb(collector.pid, 'VmRSS');
  const exporter = new CloudExporter({ accessToken: TOKEN, endpoint: collector.url });
  const start = performance.now();
  for (let i = 0; i < TRACES; i++) {
    exportTrace(exporter, i);
    // The exporter's queue has 64 MiB; an application that goes on for a while has pauses.
    if (i % 500 === 499) await exporter.flush();
  }
  await exporter.shutdown();
  const seconds = (performance.now() - start) / 1000;
  const spans = TRACES * SPANS_PER_TRACE;

  assert.equal(exporter.stats().traces.delivered, spans);
  assert.equal((await collector.api('/traces/light?perPage=1')).pagination.total, TRACES);
  const peak = residentMb(collector.pid, 'VmHWM');
  t.diagnostic(`${spans} spans in ${seconds.toFixed(1)} s: ${Math.round(spans / seconds)} spans/s; ` +
    `the collector has ${idle} MB idle, ${peak} MB at most`);
  assert.ok(peak < MEMORY_LIMIT_MB, `${peak} MB`);
  assert.equal((await countSpans(collector, store)).spans, spans);
});

const hex = bytes => randomBytes(bytes).toString('hex');

/** An agent run with the model calls and tool calls below it, as ended just now. */
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
      metadata: { runId: `run-${number}` },
      input: [{ role: 'user', content: 'Where is order A-1001?' }],
      output: { text: `${number} ${TEXT}` },
    };
    void exporter.exportTracingEvent({ type: 'span_ended', exportedSpan });
  }
}

/** @param {number} pid @param {'VmRSS' | 'VmHWM'} field  now, or the most it ever was @returns {number} */
function residentMb(pid, field) {
  const [, kilobytes] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}
