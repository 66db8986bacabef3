// One run in a process of its own: `node exporter.mjs JOB`, the job as JSON. Prints figures as JSON.
import { setImmediate, setTimeout } from 'node:timers/promises';

import { direct, wholeWay } from './applications.mjs';
import { NONE, createExporter, sends } from './exporters.mjs';
import { measure, measurePaced } from './measure.mjs';
import { PROFILES } from './profiles.mjs';
import { sized } from './spans.mjs';

/** Paced: the interval at which a part of the spans is exported, and the limit on late spans in one turn. */
const PACE_TICK_MS = 10;
const PACE_TURN_SPANS = 200;
const WARM_UP_SPANS = 3_000;

/** @type {import('./profiles.mjs').Profile & { side: string, endpoint: string, spoolDirectory: string, exporters?: number, bytes?: number }} */
const job = JSON.parse(process.argv[2]);
const { side, endpoint, spoolDirectory, spans, turn: turnSpans, perSecond, bytes: spanBytes } = job;

const [drive, take] = perSecond ? [paced, measurePaced] : [unloaded, measure];
const make = prepared(spanBytes ? (number) => sized(number, spanBytes) : PROFILES[job.profile].make);
const exporters = [];
for (let index = 0; index < (job.exporters ?? 1); index += 1) exporters.push(await createExporter(side, endpoint, spoolDirectory));
const application = await open(exporters);
const bare = await open(exporters.map(() => NONE));

// Warm up: after this the compiler has seen both paths, and connections are open.
const warmUp = Math.min(spans, WARM_UP_SPANS);
await measure((turn) => unloaded(application, warmUp, turn));
await measure((turn) => unloaded(bare, warmUp, turn));
// The same spans are made but not exported: the cost of the application. A second of it is enough where the pace is fixed.
const bareSpans = perSecond ? Math.min(spans, perSecond) : spans;
// Both begin after a collection: V8 gives memory back in it, and taking that again costs the main thread page faults.
globalThis.gc?.();
const baseline = side === 'none' ? undefined : await take((turn) => drive(bare, bareSpans, turn));
globalThis.gc?.();
await counts();
const run = await take((turn) => drive(application, spans, turn));
for (const exporter of exporters) await exporter.shutdown();
const { bytes, records } = await counts();

const exported = spans * exporters.length;
const ofExport = (key) => baseline && (run[key] - (baseline[key] * spans) / bareSpans) / exported;
console.log(JSON.stringify({
  mainUs: ofExport('mainUs'),
  processUs: ofExport('processUs'),
  applicationUs: run.mainUs / exported,
  longestMs: run.longestMs,
  p99Ms: run.p99Ms,
  spansPerSecond: (spans / run.elapsedMs) * 1000,
  rssMiB: run.rssBytes / 2 ** 20,
  bytesPerSpan: sends(side) ? bytes / exported : undefined,
  lost: sends(side) ? exported - records : 0,
}));
process.exit(0);

async function open(handlers) {
  return make ? direct(make, handlers) : wholeWay(handlers);
}

/** With a pool, the spans are made here, long before they are exported. */
function prepared(fresh) {
  if (!job.pool) return fresh;
  const pool = Array.from({ length: job.pool }, (_, number) => fresh(number));
  globalThis.gc?.();
  return (number) => pool[number % pool.length];
}

async function counts() {
  return fetch(`${endpoint}/counts`).then((response) => response.json());
}

/** As fast as it accepts: some spans in each turn of the loop, then a flush. */
async function unloaded({ emit, flush }, total, turn) {
  for (let made = 0; made < total; made += turnSpans) {
    for (let index = made; index < Math.min(total, made + turnSpans); index += 1) emit(index);
    turn();
    await setImmediate();
  }
  await flushed(flush, turn);
}

/** A fixed number of spans a second. */
async function paced({ emit, flush }, total, turn) {
  const start = performance.now();
  for (let made = 0; made < total; ) {
    const due = Math.min(total, Math.ceil(((performance.now() - start) * perSecond) / 1000));
    for (const end = Math.min(due, made + PACE_TURN_SPANS); made < end; made += 1) emit(made);
    turn();
    await (made < due ? setImmediate() : setTimeout(PACE_TICK_MS));
  }
  await flushed(flush, turn);
}

async function flushed(flush, turn) {
  let done = false;
  const flushing = flush().then(() => (done = true));
  // The loop's other work goes on meanwhile; a timer of a millisecond is not work of its own.
  while (!done) {
    turn();
    await Promise.race([flushing, setTimeout(1)]);
  }
  turn();
}
