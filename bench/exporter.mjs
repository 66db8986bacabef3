// One exporter in a process of its own: `node exporter.mjs SIDE PROFILE MODE SPANS ENDPOINT`. Prints figures as JSON.
import { setImmediate, setTimeout } from 'node:timers/promises';

import { measure, measurePaced } from './measure.mjs';
import { capturedProfile, PROFILES } from './profiles.mjs';

/** About the number of bytes of JSON that an application under load exports in a turn of the loop. */
const TURN_SPANS = { tiny: 20, typical: 20, large: 5, unicode: 5, huge: 1, captured: 20 };
/** Paced: spans a second, and the interval at which a part of them is exported. */
const PACE_PER_SECOND = 10_000;
const PACE_TICK_MS = 10;
/** The number of late spans in one turn is limited. */
const PACE_TURN_SPANS = 200;

const [side, profileName, mode, spans, endpoint] = process.argv.slice(2);
const profile = profileName === 'captured' ? await capturedProfile() : PROFILES[profileName];
const exporter = await createExporter();
const [count, drive, take] = mode === 'paced' ? [Number(spans), paced, measurePaced] : [Number(spans), unloaded, measure];
const none = { onTracingEvent() {}, flush: async () => {} };

// Warm up: after this the compiler has seen both paths, and connections are open.
await measure((turn) => unloaded(exporter, Math.min(count, 3000), turn));
await measure((turn) => unloaded(none, Math.min(count, 3000), turn));
// The same spans are made but not exported: the cost of the application.
const baseline = await take((turn) => drive(none, count, turn));
globalThis.gc?.();
await fetch(`${endpoint}/counts`).then((response) => response.json());
const run = await take((turn) => drive(exporter, count, turn));
await exporter.shutdown();
const { bytes, records } = await fetch(`${endpoint}/counts`).then((response) => response.json());

const perSpan = (key) => (run[key] - baseline[key]) / count;
console.log(JSON.stringify({
  mainUs: perSpan('mainUs'),
  processUs: perSpan('processUs'),
  longestMs: run.longestMs,
  p99Ms: run.p99Ms,
  spansPerSecond: (count / run.elapsedMs) * 1000,
  rssMiB: run.rssBytes / 2 ** 20,
  bytesPerSpan: bytes / count,
  lost: count - records,
}));
process.exit(0);

async function createExporter() {
  const { CloudExporter } = await import(side === 'peer' ? '@mastra/observability' : 'mastra-native-exporter');
  // Huge spans are made faster than any collector accepts them. The peer has no limit, so ours gets one that is never
  // reached.
  const ours = side === 'ours' ? { maxQueueBytes: 2 ** 31 } : {};
  return new CloudExporter({ accessToken: 'bench', endpoint, logLevel: 'error', ...ours });
}

/** As fast as it accepts: some spans in each turn of the loop, then a flush. */
async function unloaded(handler, total, turn) {
  const bus = createBus(handler);
  for (let made = 0; made < total; made += TURN_SPANS[profileName]) {
    for (let index = made; index < Math.min(total, made + TURN_SPANS[profileName]); index += 1) bus(profile.make(index));
    turn();
    await setImmediate();
  }
  await flushed(handler, turn);
}

/** A fixed number of spans a second. */
async function paced(handler, total, turn) {
  const bus = createBus(handler);
  const start = performance.now();
  for (let made = 0; made < total; ) {
    const due = Math.min(total, Math.ceil(((performance.now() - start) * PACE_PER_SECOND) / 1000));
    for (const end = Math.min(due, made + PACE_TURN_SPANS); made < end; made += 1) bus(profile.make(made));
    turn();
    await (made < due ? setImmediate() : setTimeout(PACE_TICK_MS));
  }
  await flushed(handler, turn);
}

async function flushed(handler, turn) {
  let done = false;
  const flushing = handler.flush().then(() => (done = true));
  // The loop's other work goes on meanwhile; a timer of a millisecond is not work of its own.
  while (!done) {
    turn();
    await Promise.race([flushing, setTimeout(1)]);
  }
  turn();
}

/** Does what Mastra's bus does with an ended span: calls the exporter, and awaits the promise if there is one. */
function createBus(handler) {
  const pending = new Set();
  return (exportedSpan) => {
    const result = handler.onTracingEvent({ type: 'span_ended', exportedSpan });
    if (typeof result?.then !== 'function') return;
    const promise = result.catch(() => {});
    pending.add(promise);
    void promise.finally(() => pending.delete(promise));
  };
}
