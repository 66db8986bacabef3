// More records than fit into memory: the oldest are dropped, the newest arrive, losses are logged and counted, memory
// is limited.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CloudExporter } from 'mastra-native-exporter';
import { startCollector } from '../../examples/demo/collector.mjs';
import { makeSpan, spanEvent } from '../support/events.mjs';
import { recordingLogger } from '../support/logger.mjs';
import { runToEnd } from '../support/process.mjs';
import { within } from '../support/deadline.mjs';
import { arrivals, exportSpans } from '../support/spans.mjs';

const MIB = 1 << 20;
const PER_TURN = 8;
const FULL = 'CloudExporter queue is full, dropped the oldest records';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const fullLines = (logger) => logger.calls.filter(({ args }) => args[0] === FULL).map(({ args }) => args[1]);

// [maxQueueBytes, spans exported, requests at once]: some four and two times what fits. Bodies in flight to one address
// take an eighth of the queue at most, and are four at first.
const QUEUES = [[MIB, 2000, 2], [4 * MIB, 4000, 4]];

describe('more than the memory allows', { concurrency: true }, () => {
  for (const [maxQueueBytes, count, AT_ONCE] of QUEUES) {
    test(`maxQueueBytes of ${maxQueueBytes / MIB} MiB: oldest dropped first, newest delivered, one line at once, counted`, async (t) => {
      const BATCH = 20;
      // Those under way during the outage hang until it ends, and are broken off then.
      let recover;
      let up = false;
      const recovered = new Promise((resolve) => { recover = resolve; });
      const collector = await startCollector({ answer: () => (up ? {} : recovered.then(() => 'reset')) });
      const logger = recordingLogger();
      const exporter = new CloudExporter({ accessToken: 't', endpoint: collector.url, maxBatchSize: BATCH, maxQueueBytes, logger });
      const barrier = new CloudExporter({ accessToken: 't', endpoint: collector.url });
      try {
        for (let from = 0; from < count; from += BATCH) {
          exportSpans(exporter, BATCH, 's', from);
          await turn();
          // The engine has read all of it: it takes one command after the other. What an engine without a processor has
          // not read is refused newest first, and this is about what it has read.
          await barrier.flush();
        }
        await within(logger.logged(FULL), () => JSON.stringify(exporter.stats().traces));
        await within(collector.waitFor((requests) => requests.length >= AT_ONCE), () => `${collector.requests.length} requests`);
        assert.equal(fullLines(logger).length, 1, 'one line at once, more only after half a minute');
        up = true;
        recover();
        await exporter.flush();
        const { accepted, delivered, dropped, queued, inFlight } = exporter.stats().traces;
        await exporter.shutdown();

        const arrived = [...arrivals(collector).keys()].map((id) => Number(id.slice(1))).sort((a, b) => a - b);
        // Those that were under way when the collector worked again: they stay the oldest.
        const early = new Set(collector.requests.filter(({ status }) => status === 'reset').flatMap(({ body }) => body.spans.map(({ spanId }) => Number(spanId.slice(1)))));
        const kept = arrived.filter((i) => !early.has(i));
        const first = count - kept.length;
        assert.deepEqual(kept, Array.from({ length: kept.length }, (_, i) => first + i), 'the newest, without a gap');
        assert.deepEqual([accepted, delivered, queued, inFlight], [count, arrived.length, 0, 0]);
        assert.equal(dropped.queueFull, count - arrived.length);
        const keptBytes = collector.requests.filter(({ status }) => status === 200).reduce((sum, { text }) => sum + text.length, 0);
        t.diagnostic(`${arrived.length} of ${count} delivered, ${(keptBytes / maxQueueBytes).toFixed(2)} of maxQueueBytes`);
        assert.ok(keptBytes > 0.8 * maxQueueBytes && keptBytes <= maxQueueBytes, `kept ${keptBytes} bytes of ${maxQueueBytes}`);
        const said = fullLines(logger);
        assert.equal(said.reduce((sum, { droppedRecords }) => sum + droppedRecords, 0), dropped.queueFull);
        assert.ok(said.length <= 2, `${said.length} lines`);
        assert.ok(said.every((fields) => fields.maxQueueBytes === maxQueueBytes));
      } finally {
        await Promise.all([exporter.shutdown(), barrier.shutdown()]);
        await collector.close();
      }
    });
  }

  // What is handed over in one call, or a batch that is still open, can be more than the queue holds. That is no reason
  // to drop all of it.
  const LARGE = [
    ['32 spans of 40 kB in 1 MiB', 32, 40_000, MIB],
    ['600 spans of 2 kB in 1 MiB', 600, 2000, MIB],
    ['32 spans of 3 MB in the default', 32, 3_000_000, 64 * MIB],
  ];
  for (const [what, count, bytes, maxQueueBytes] of LARGE) {
    test(`a batch that is more than maxQueueBytes (${what}), the collector works: the newest are delivered`, async () => {
      const collector = await startCollector();
      const logger = recordingLogger();
      const exporter = new CloudExporter({ accessToken: 't', endpoint: collector.url, maxQueueBytes, logger });
      const barrier = new CloudExporter({ accessToken: 't', endpoint: collector.url });
      try {
        const text = 'x'.repeat(bytes);
        for (let i = 0; i < count; i += 1) {
          void exporter.exportTracingEvent(spanEvent(makeSpan(`s${i}`, { input: text })));
          // The engine keeps up: it answers one command after the other, so it has read all before this one. Large spans
          // are handed over one in a turn.
          if (i % PER_TURN === PER_TURN - 1 || i === count - 1) {
            for (let left = PER_TURN; left > 0; left -= 1) await turn().then(() => barrier.flush());
          }
        }
        await exporter.flush();
        const arrived = arrivals(collector);
        const { dropped, delivered } = exporter.stats().traces;
        assert.ok(arrived.has(`s${count - 1}`), `the newest is there; delivered ${delivered}, dropped ${JSON.stringify(dropped)}`);
        assert.ok(arrived.size * bytes > 0.5 * maxQueueBytes, `${arrived.size} of ${count} arrived`);
      } finally {
        await exporter.shutdown();
        await collector.close();
      }
    });
  }

  test('RSS with 200,000 spans against a hanging collector grows by 64 MiB + 48 MiB at most', async (t) => {
    const collector = await startCollector({ answer: () => 'hang' });
    try {
      const { stdout, stderr } = await runToEnd('rss.mjs', { URL: collector.url, COUNT: '200000' }, { nodeArgs: ['--expose-gc'] });
      assert.notEqual(stdout, '', stderr);
      const { before, highest, after, stats } = JSON.parse(stdout);
      const grown = [highest, after].map((rss) => Math.round((rss - before) / MIB));
      t.diagnostic(`RSS ${Math.round(before / MIB)} MiB, at its highest ${grown[0]} more, at the end ${grown[1]} more`);
      // The load was as intended: most of 440 MB did not fit, and what fits was kept.
      assert.ok(stats.accepted >= 200_000 && stats.dropped.queueFull > 150_000, JSON.stringify(stats));
      assert.ok(stats.queuedBytes + stats.inFlight * 2200 > 48 * MIB, JSON.stringify(stats));
      assert.ok(Math.max(...grown) <= 64 + 48, `grew by ${grown} MiB`);
    } finally {
      await collector.close();
    }
  });
});
