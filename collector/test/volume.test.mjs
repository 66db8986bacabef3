// 100,000 typical spans through exporter and collector: none lost, memory bounded.
import assert from 'node:assert/strict';

import { CloudExporter } from '../../dist/index.js';
import { TOKEN } from './support/collector.mjs';
import { SPANS_PER_TRACE, exportTraces, residentMb } from './support/load.mjs';
import { countSpans } from './support/rows.mjs';
import { collectorFor, testOnStores } from './support/test.mjs';

const TRACES = 10_000;
/** Of the collector's process: what the spans come to is some 220 MB of JSON. */
const MEMORY_LIMIT_MB = 1024;

testOnStores('100,000 typical spans', async (t, store) => {
  const collector = await collectorFor(t, store);
  const exporter = new CloudExporter({ accessToken: TOKEN, endpoint: collector.url });
  await exportTraces(exporter, TRACES);
  const spans = TRACES * SPANS_PER_TRACE;

  assert.equal(exporter.stats().traces.delivered, spans);
  assert.equal((await collector.api('/traces/light?perPage=1')).pagination.total, TRACES);
  const peak = residentMb(collector.pid, 'VmHWM');
  t.diagnostic(`the collector had ${peak} MB at most`);
  assert.ok(peak < MEMORY_LIMIT_MB, `${peak} MB`);
  assert.equal((await countSpans(collector, store)).spans, spans);
});
