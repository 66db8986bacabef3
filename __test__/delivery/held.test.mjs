// Records that are held for a class with its own `flush()`: at most `maxQueueBytes`, the newest. Each of the others is
// counted and logged.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CloudExporter } from 'mastra-native-exporter';
import { startCollector } from '../../examples/demo/collector.mjs';
import { makeSpan, spanEvent } from '../support/events.mjs';
import { facadeModule } from '../support/facade.mjs';
import { recordingLogger } from '../support/logger.mjs';

const { Hold } = await facadeModule('pipeline/hold');
const MIB = 2 ** 20;
const FULL = 'CloudExporter queue is full, dropped the oldest records';
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const bytesOf = (pieces) => sum(pieces.map(({ bytes }) => bytes.byteLength));
const turn = () => new Promise((resolve) => { setImmediate(resolve); });

describe('the hold', () => {
  const limits = { maxBatchSize: 1000, maxBatchWaitMs: 3_600_000, maxQueueBytes: 1000 };
  // Each piece with its number, and with counts that differ.
  const makePiece = (bytes, index) => ({ bytes: new ArrayBuffer(bytes), counts: [1 + (index % 3), index % 2, 0, 0, index % 5], index });

  // [name, bytes of the pieces]
  const CASES = [
    ['nothing', []],
    ['exactly what there is room for', [400, 600]],
    ['one byte more', [400, 601]],
    ['a piece larger than the room by itself', [1001]],
    ['a piece larger than the room, between small ones', [10, 10, 5000, 10, 10]],
    ...Array.from({ length: 50 }, (_, run) => [`random sizes ${run}`, Array.from({ length: 100 }, () => Math.floor(Math.random() * 20 * 2 ** (run % 7)))]),
  ];
  for (const [name, sizes] of CASES) {
    test(`keeps the newest pieces: ${name}`, () => {
      const hold = new Hold(limits, () => assert.fail('no flush is due'));
      const pieces = sizes.map(makePiece);
      const evicted = [];
      for (const [index, piece] of pieces.entries()) {
        evicted.push(...hold.add(piece));
        const kept = pieces.slice(evicted.length, index + 1);
        assert.ok(kept.length === 1 || bytesOf(kept) <= limits.maxQueueBytes, `${sizes}: ${bytesOf(kept)} bytes after ${index}`);
        assert.deepEqual(hold.counts, [0, 1, 2, 3, 4].map((signal) => sum(kept.map(({ counts }) => counts[signal]))));
        // No more than necessary is dropped.
        const before = evicted.at(-1);
        if (before) assert.ok(bytesOf([before, ...kept]) > limits.maxQueueBytes, `${sizes}: evicted too much at ${index}`);
      }
      assert.deepEqual([...evicted, ...hold.release()].map(({ index }) => index), pieces.map(({ index }) => index));
      assert.deepEqual([hold.counts, hold.release()], [[0, 0, 0, 0, 0], []]);
      assert.deepEqual([400, 600].flatMap((bytes, index) => hold.add(makePiece(bytes, index))), [], 'the whole room is free again');
    });
  }
});

describe('an exporter that holds', () => {
  /** Flushes when the application wants it. */
  class Held extends CloudExporter {
    wanted = false;
    async flush() { if (this.wanted) await super.flush(); }
  }

  test('what there is no room for is dropped as queueFull, counted and said; the newest arrive', async () => {
    const collector = await startCollector();
    const logger = recordingLogger();
    const exporter = new Held({ accessToken: 't', endpoint: collector.url, maxBatchSize: 100, maxQueueBytes: MIB, logger });
    const count = 1500;
    try {
      for (let i = 0; i < count; i += 1) await exporter.exportTracingEvent(spanEvent(makeSpan(`${i}`, { input: 'x'.repeat(2000) })));
      await turn();
      const held = exporter.stats().traces;
      assert.deepEqual([held.accepted, held.queued + held.dropped.queueFull, held.inFlight, held.delivered], [count, count, 0, 0]);
      assert.ok(held.queued > 400 && held.queued * 2000 <= MIB, `${held.queued} are held`);
      const said = logger.calls.filter(({ args: [text] }) => text === FULL).map(({ args: [, fields] }) => fields);
      assert.ok(said.length > 0);
      // After ten lines of a kind the others are held back: those that passed count the first ones.
      assert.ok(said.every(({ maxQueueBytes, droppedRecords }) => maxQueueBytes === MIB && droppedRecords > 0));
      assert.deepEqual(collector.requests, []);

      exporter.wanted = true;
      await exporter.flush();
      const { delivered, queued, inFlight, dropped } = exporter.stats().traces;
      // They reach the engine all at once, and it has the same limit for their JSON, which is larger.
      assert.deepEqual([delivered + dropped.queueFull, queued, inFlight], [count, 0, 0]);
      const arrived = collector.records('spans').map(({ id }) => Number(id)).sort((a, b) => a - b);
      assert.equal(arrived.length, delivered);
      assert.ok(arrived[0] >= count - held.queued, 'nothing that was evicted arrives');
      assert.equal(arrived.at(-1), count - 1);
    } finally {
      await exporter.shutdown();
      await collector.close();
    }
  });
});
