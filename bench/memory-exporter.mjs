// One exporter in a process of its own: `node memory-exporter.mjs SIDE ENDPOINT`. Prints figures as JSON.
import { setImmediate, setTimeout } from 'node:timers/promises';

import { typical } from './spans.mjs';

const SPANS = 1_000_000;
const STAGE = 100_000;
const PER_SECOND = 20_000;
const TICK_MS = 10;
/** The number of late spans in one turn is limited. */
const TURN_SPANS = 400;

const [side, endpoint] = process.argv.slice(2);
const MODULES = { peer: '@mastra/observability', ours: 'mastra-native-exporter' };
const exporter = side in MODULES ? await open(MODULES[side]) : { onTracingEvent() {}, shutdown: async () => {} };
await fetch(`${endpoint}/counts`).then((response) => response.json());

const rssMiB = [];
let heap = 0;
const start = performance.now();
for (let made = 0; made < SPANS; ) {
  const due = Math.min(SPANS, Math.ceil(((performance.now() - start) * PER_SECOND) / 1000));
  for (const end = Math.min(due, made + TURN_SPANS); made < end; made += 1) {
    exporter.onTracingEvent({ type: 'span_ended', exportedSpan: typical(made) });
    if ((made + 1) % STAGE === 0) rssMiB.push(mib(process.memoryUsage.rss()));
  }
  heap = Math.max(heap, process.memoryUsage().heapUsed);
  await (made < due ? setImmediate() : setTimeout(TICK_MS));
}
const seconds = (performance.now() - start) / 1000;
await exporter.shutdown();
const { records } = await fetch(`${endpoint}/counts`).then((response) => response.json());
console.log(JSON.stringify({
  rssMiB,
  grownMiB: Math.max(...rssMiB) - rssMiB[0],
  heapMiB: mib(heap),
  spansPerSecond: Math.round(SPANS / seconds),
  lost: side in MODULES ? SPANS - records : 0,
}));
process.exit(0);

async function open(module) {
  const { CloudExporter } = await import(module);
  return new CloudExporter({ accessToken: 'bench', endpoint, logLevel: 'error' });
}

function mib(bytes) {
  return Math.round(bytes / 2 ** 20);
}
