// How often a getter of an exported record is read.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { CloudExporter } from 'mastra-native-exporter';

import { startCollector } from '../../examples/demo/collector.mjs';
import { recordingLogger } from '../support/logger.mjs';

class Point {
  x = 1;
}

/** What else is in the record. `read` returns a new object with a getter that counts. */
const BESIDE = {
  'plain values': (read) => ({ a: 1, b: read() }),
  'a class instance': (read) => ({ a: new Point(), b: read() }),
  'a Map and a Buffer': (read) => ({ a: [new Map([[1, 2]]), Buffer.from('ab')], b: read() }),
  'a function and a symbol': (read) => ({ a: () => {}, b: read(), c: Symbol('s') }),
  'a BigInt': (read) => ({ a: 1n, b: read(), c: 2n }),
  'a cycle': (read) => {
    const value = { b: read() };
    value.self = value;
    return { list: [value], c: read() };
  },
  'a getter that throws': (read) => ({ b: read(), get bad() { throw new Error('now'); }, c: read() }),
  'a toJSON that throws': (read) => ({ b: read(), bad: { toJSON() { throw new Error('now'); } }, c: read() }),
  'a function whose toJSON throws': (read) => ({ b: read(), bad: Object.assign(() => {}, { toJSON() { throw new Error('now'); } }), c: read() }),
  'what a toJSON returns': (read) => ({ a: { toJSON: () => read() } }),
  'a class with getters of its own': (read) => ({ a: Object.defineProperties(new Point(), Object.getOwnPropertyDescriptors(read())) }),
  '20,000 small objects': (read) => ({ a: Array.from({ length: 20_000 }, (_, i) => ({ i })), b: read() }),
};

describe('each getter is read once', () => {
  for (const [name, make] of Object.entries(BESIDE)) {
    for (const signal of ['a log', 'a span']) {
      test(`${signal} with ${name}`, async (t) => {
        const collector = await startCollector();
        t.after(() => collector.close());
        const exporter = new CloudExporter({ accessToken: 't', endpoint: collector.url, logger: recordingLogger() });
        const reads = [];
        const read = () => {
          const index = reads.push(0) - 1;
          return { get lazy() { return (reads[index] += 1); } };
        };
        const metadata = make(read);
        if (signal === 'a log') await exporter.onLogEvent({ type: 'log', log: { message: 'm', metadata } });
        else exporter.onTracingEvent({ type: 'span_ended', exportedSpan: { id: 's', traceId: 't', name: 'n', type: 'generic', startTime: new Date(0), metadata } });
        await exporter.shutdown();
        const texts = collector.requests.map(({ text }) => text).join('').match(/"lazy":1/g) ?? [];
        assert.ok(texts.length > 0);
        assert.deepEqual(reads, texts.map(() => 1));
      });
    }
  }
});

test('a getter among very many values is read once', async (t) => {
  const collector = await startCollector();
  t.after(() => collector.close());
  const exporter = new CloudExporter({ accessToken: 't', endpoint: collector.url, logger: recordingLogger() });
  let reads = 0;
  const list = Array.from({ length: 400_000 }, (_, i) => ({ i }));
  list[2_000] = { get lazy() { return (reads += 1); } };
  await exporter.onLogEvent({ type: 'log', log: { message: 'm', metadata: { list } } });
  await exporter.shutdown();
  assert.equal(collector.requests.map(({ text }) => text).join('').match(/"lazy":(\d+)/)?.[1], '1');
  assert.equal(reads, 1);
});
