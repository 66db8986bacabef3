// 100,000 typical spans through exporter and collector: none lost, memory bounded, the event loop free.
import assert from 'node:assert/strict';

import { CloudExporter } from '../../dist/index.js';
import { TOKEN, startCollector } from './support/collector.mjs';
import { SPANS_PER_TRACE, exportTraces, residentMb } from './support/load.mjs';
import { LOOP_WATCH, assertBrief, loopHeldMs } from './support/loop.mjs';
import { countSpans } from './support/rows.mjs';
import { testOnStores } from './support/test.mjs';

const TRACES = 10_000;
/** The limit on the memory of the collector's process. The JSON of the spans has about 230 MB. */
const MEMORY_LIMIT_MB = 600;

testOnStores('100,000 typical spans', async (t, store) => {
  const collector = await startCollector(store, { MASTRA_CLOUD_ACCESS_TOKEN: TOKEN, NODE_OPTIONS: LOOP_WATCH });
  t.after(() => collector.stop());
  await loopHeldMs(collector);
  const exporter = new CloudExporter({ accessToken: TOKEN, endpoint: collector.url });
  await exportTraces(exporter, TRACES);
  const spans = TRACES * SPANS_PER_TRACE;
  const held = await loopHeldMs(collector);

  assert.equal(exporter.stats().traces.delivered, spans);
  assert.equal((await collector.api('/traces/light?perPage=1')).pagination.total, TRACES);
  const peak = residentMb(collector.pid, 'VmHWM');
  t.diagnostic(`the collector had ${peak} MB at most, its loop was held for ${held} ms at most`);
  assert.ok(peak < MEMORY_LIMIT_MB, `${peak} MB`);
  assertBrief(held, 'a turn of the loop');
  assert.equal((await countSpans(collector, store)).spans, spans);
});
