// Random values through the exporter: the text that arrives is the one that JSON.stringify makes. The seed is in the
// name of each test; MASTRA_TEST_SEED gives another.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CloudExporter } from 'mastra-native-exporter';

import { startCollector } from '../../examples/demo/collector.mjs';
import { recordingLogger } from '../support/logger.mjs';
import { randomValues } from '../support/random-values.mjs';
import { assertSameText } from '../support/texts.mjs';

const RECORDS = 12_000;
const SEEDS = [1, 2, Number(process.env.MASTRA_TEST_SEED ?? Date.now() % 1_000_000)];

/** The wire contract of the peer, as facade/encode/records.ts and src/wire/span.rs both have it. */
const spanRecord = (span) => ({
  ...span,
  spanId: span.id,
  spanType: span.type,
  startedAt: span.startTime,
  endedAt: span.endTime ?? null,
  error: span.errorInfo ?? null,
  createdAt: 'NOW',
  updatedAt: null,
});

for (const seed of SEEDS) {
  test(`${RECORDS} random records, seed ${seed}`, async (t) => {
    const collector = await startCollector();
    t.after(() => collector.close());
    const exporter = new CloudExporter({ accessToken: 't', endpoint: collector.url, logger: recordingLogger(), maxBatchWaitMs: 1e6 });
    const random = randomValues(seed);
    const expected = { logs: [], spans: [] };
    for (let index = 0; index < RECORDS; index += 1) {
      const record = random.record(index);
      let log;
      try {
        log = JSON.stringify({ ...record });
      } catch {
        // BigInt and the like have tests of their own.
        continue;
      }
      if (random.below(2) === 0) {
        expected.logs.push(log);
        await exporter.onLogEvent({ type: 'log', log: record });
      } else {
        const span = { ...record, traceId: 't', type: 'generic', startTime: new Date(index) };
        expected.spans.push(JSON.stringify(spanRecord(span)));
        exporter.onTracingEvent({ type: 'span_ended', exportedSpan: span });
      }
      if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
      // The queue is limited; nothing may be dropped here.
      if (index % 4000 === 0) await exporter.flush();
    }
    await exporter.shutdown();
    const bodies = (segment, key) => collector.requests.filter((request) => request.segment === segment)
      .map(({ text }) => text.slice(`{"${key}":[`.length, -']}'.length)).join(',');
    assert.ok(expected.logs.length + expected.spans.length > RECORDS * 0.9);
    assertSameText(bodies('logs', 'logs'), expected.logs.join(','), `logs, seed ${seed}`);
    const spans = bodies('spans', 'spans').replace(/"createdAt":"[^"]{24}","updatedAt":null\}/g, '"createdAt":"NOW","updatedAt":null}');
    assertSameText(spans, expected.spans.join(','), `spans, seed ${seed}`);
  });
}

// On Node 26 JSON.stringify has no limit on depth, so this would not end there.
test('a graph without end, deeper than the stack, in a record with very many values', () => {
  let graph = 1;
  for (let depth = 0; depth < 6000; depth += 1) graph = { a: graph, b: graph };
  const logger = recordingLogger();
  const exporter = new CloudExporter({ accessToken: 't', endpoint: 'http://127.0.0.1:1', logger });
  void exporter.onLogEvent({ type: 'log', log: { message: 'm', list: new Array(1_100_000).fill(0), graph } });
  assert.equal(exporter.stats().logs.dropped.recordTooLarge, 1);
});
