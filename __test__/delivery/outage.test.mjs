// An outage of the collector: nothing is lost. The collector gets few requests during the outage and no storm after it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { CloudExporter } from 'mastra-native-exporter';
import { recordingLogger } from '../support/logger.mjs';
import { within } from '../support/deadline.mjs';
import { startOutage } from '../support/outage.mjs';
import { exportSpans, numbered } from '../support/spans.mjs';

/** LOST_OUTAGE_MS=30000 for the long form. */
const OUTAGE_MS = Number(process.env.LOST_OUTAGE_MS ?? 3000);
const COUNT = 4000;
/** The number of steps in which the spans are exported over the outage. */
const STEPS = 20;
/** The number of requests at a time after the outage, and the time in which there are no more. */
const AT_ONCE = 4;
const RECOVERY_TIME_MS = 10_000;
const MOST_AT_ONCE = 64;
/** The longest wait between two attempts, with jitter of a fifth, and time to send everything. */
const RECOVERY_MS = 50_000;
/** Attempts during the outage: four that start at once, and what waits that double from 1 s to 30 s allow, twice over. */
const FEW_ATTEMPTS = 4 + 2 * Math.ceil(Math.log2(OUTAGE_MS / 1000 + 1)) + Math.ceil(OUTAGE_MS / 10_000);

// [name, what the collector does, further options]
const KINDS = [
  ['refused', 'refused'],
  ['reset', 'reset'],
  ['503', { status: 503 }],
  ['429 with Retry-After', { status: 429, headers: { 'retry-after': '1' } }],
  ['hanging', 'hang', { requestTimeoutMs: 2000 }],
];

// [name, options, records in a full batch]. The number of requests must not depend on the number of batches that wait.
const BATCHES = [
  ['default batches', {}, 1000],
  ['batches of 10', { maxBatchSize: 10 }, 10],
];

/** Exports during an outage, ends it, and waits until everything has arrived without a flush. */
async function ride(down, options) {
  const outage = await startOutage(down);
  const logger = recordingLogger();
  const exporter = new CloudExporter({ accessToken: 't', endpoint: outage.url, logger, ...options });
  try {
    for (let step = 0; step < STEPS; step += 1) {
      exportSpans(exporter, COUNT / STEPS, 's', (step * COUNT) / STEPS);
      await setTimeout(OUTAGE_MS / STEPS);
    }
    // Read before the collector comes back: what was tried again until here was tried during the outage.
    const { retried } = exporter.stats().traces;
    await outage.recover();
    const recoveredAtMs = performance.now();
    await within(outage.arrived(COUNT), () => `${outage.state.arrivals.size} of ${COUNT} there`, RECOVERY_MS);
    const recoveryMs = Math.round(performance.now() - recoveredAtMs);
    await exporter.flush();
    return { ...outage.state, retried, recoveryMs, stats: exporter.stats().traces, calls: logger.calls };
  } finally {
    await exporter.shutdown();
    await outage.close();
  }
}

describe(`an outage of ${OUTAGE_MS} ms, ${COUNT} spans meanwhile`, { concurrency: true }, () => {
  for (const [kind, down, extra] of KINDS) {
    for (const [batches, options, batchSize] of BATCHES) {
      test(`${kind}, ${batches}: all ${COUNT} delivered, the collector is not stormed`, async (t) => {
        const { retried, recoveryMs, mostAtOnce, duringOutage, arrivals, stats, calls } = await ride(down, { ...options, ...extra });
        // A closed port counts nothing, but each attempt was followed by a retry of a batch that is full at most.
        const attempts = Math.max(duringOutage, Math.ceil(retried / batchSize));
        t.diagnostic(`${kind}, ${batches}: ${attempts} attempts in ${OUTAGE_MS} ms, ${mostAtOnce} at once after, all there after ${recoveryMs} ms`);

        assert.deepEqual([...arrivals.keys()].sort(), numbered(COUNT).sort());
        assert.deepEqual([...arrivals.values()].filter((times) => times !== 1), [], 'nothing twice: no answer was lost');
        assert.deepEqual([stats.accepted, stats.delivered, stats.queued, stats.inFlight], [COUNT, COUNT, 0, 0]);
        assert.deepEqual(calls.filter(({ level }) => level === 'error'), []);
        const allowed = recoveryMs < RECOVERY_TIME_MS ? AT_ONCE : MOST_AT_ONCE;
        assert.ok(mostAtOnce <= allowed, `${mostAtOnce} requests at once, ${allowed} allowed`);
        assert.ok(attempts <= FEW_ATTEMPTS, `${attempts} attempts during the outage, ${FEW_ATTEMPTS} allowed`);
      });
    }
  }
});
