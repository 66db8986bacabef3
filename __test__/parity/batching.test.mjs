// When batches leave and what is logged about them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { batchSizes, comparableRequests, runBoth } from '../support/both.mjs';
import { makeSpan, sendAll, SIGNALS, spanEvent } from '../support/events.mjs';
import { comparableCalls, recordingLogger } from '../support/logger.mjs';

const FLUSHED = 'Batch flushed successfully';
const { logs, metrics, traces } = SIGNALS;

const spans = async (exporter, count, prefix = 's') => {
  for (let i = 0; i < count; i++) await exporter.exportTracingEvent(spanEvent(makeSpan(`${prefix}${i}`)));
};
const logsAtOnce = (exporter, count) => Promise.all(Array.from({ length: count }, (_, i) => logs.send(exporter, `l${i}`)));

// [name, { options, drive }, expected 'segment:records' of the requests]. Both must match it, and
// both must log the same calls. `unordered` where two batches are on their way at once.
const CASES = [
  ['flush with nothing buffered', { drive: ({ exporter }) => exporter.flush() }, []],
  ['flush', { drive: async ({ exporter }) => { await spans(exporter, 3); await exporter.flush(); } }, ['spans:3']],
  ['a flush after each span', { drive: async ({ exporter }) => {
    for (let i = 0; i < 3; i++) {
      await spans(exporter, 1);
      await exporter.flush();
    }
  } }, ['spans:1', 'spans:1', 'spans:1']],
  ['flush of all signals', { drive: async ({ exporter }) => { await sendAll(exporter); await sendAll(exporter); await exporter.flush(); } },
    ['feedback:2', 'logs:2', 'metrics:2', 'scores:2', 'spans:2']],
  ['two flushes at once', { drive: async ({ exporter }) => { await spans(exporter, 2); await Promise.all([exporter.flush(), exporter.flush()]); } }, ['spans:2']],
  ['flush twice, one after the other', { drive: async ({ exporter }) => { await spans(exporter, 2); await exporter.flush(); await exporter.flush(); } }, ['spans:2']],
  ['shutdown sends what is buffered', { drive: ({ exporter }) => sendAll(exporter) }, ['feedback:1', 'logs:1', 'metrics:1', 'scores:1', 'spans:1']],
  ['by size', { options: { maxBatchSize: 3 }, drive: async ({ exporter, logger }) => { await spans(exporter, 3); await logger.logged(FLUSHED); } }, ['spans:3']],
  ['by size, counted across signals', { options: { maxBatchSize: 5 }, drive: async ({ exporter, logger }) => {
    await Promise.all([logs.send(exporter, 1), metrics.send(exporter, 1), logs.send(exporter, 2), metrics.send(exporter, 2), logs.send(exporter, 3)]);
    await logger.logged(FLUSHED);
  } }, ['logs:3', 'metrics:2']],
  ['one below the size stays', { options: { maxBatchSize: 3 }, drive: async ({ exporter, logger }) => {
    await spans(exporter, 2);
    assert.equal(logger.calls.length, 0);
    await exporter.flush();
  } }, ['spans:2']],
  ['a burst of two full batches', { options: { maxBatchSize: 4 }, unordered: true, drive: async ({ exporter, logger }) => {
    await logsAtOnce(exporter, 8);
    await logger.logged(FLUSHED, 2);
  } }, ['logs:4', 'logs:4']],
  ['the rest of a burst', { options: { maxBatchSize: 4 }, unordered: true, drive: async ({ exporter }) => {
    await logsAtOnce(exporter, 10);
    await exporter.flush();
  } }, ['logs:2', 'logs:4', 'logs:4']],
  ['by time', { options: { maxBatchWaitMs: 30 }, drive: async ({ exporter, logger }) => {
    await logsAtOnce(exporter, 3);
    await logger.logged(FLUSHED);
  } }, ['logs:3']],
  ['by time, twice', { options: { maxBatchWaitMs: 30 }, drive: async ({ exporter, logger }) => {
    await logsAtOnce(exporter, 3);
    await logger.logged(FLUSHED);
    await logsAtOnce(exporter, 2);
    await logger.logged(FLUSHED, 2);
  } }, ['logs:2', 'logs:3']],
  ['a thousand by default', { drive: async ({ exporter, logger }) => { await logsAtOnce(exporter, 1000); await logger.logged(FLUSHED); } }, ['logs:1000']],
  ['ignored events do not count', { options: { maxBatchSize: 2 }, drive: async ({ exporter, logger }) => {
    for (const type of ['span_started', 'span_updated', 'span_started']) await exporter.exportTracingEvent(spanEvent(makeSpan(), type));
    await exporter.exportTracingEvent(spanEvent(makeSpan('c', { type: 'model_chunk' })));
    assert.equal(logger.calls.length, 0);
    await spans(exporter, 1);
    await exporter.flush();
  } }, ['spans:1']],
  ['a new logger gets the lines', { shutdown: false, drive: async ({ exporter, logger }) => {
    const second = recordingLogger();
    exporter.__setLogger(second);
    await traces.send(exporter, 's');
    await exporter.flush();
    await exporter.shutdown();
    assert.equal(logger.calls.length, 0);
    return comparableCalls(second.calls);
  } }, ['spans:1']],
];

// [name, maxBatchSize, expected]: ten logs at once and a flush.
const SIZES = [
  ['0', 0, Array(10).fill('logs:1')],
  ['-1', -1, Array(10).fill('logs:1')],
  ['1', 1, Array(10).fill('logs:1')],
  ['1.5', 1.5, Array(5).fill('logs:2')],
  ["'2'", '2', Array(5).fill('logs:2')],
  ["''", '', Array(10).fill('logs:1')],
  ["'many'", 'many', ['logs:10']],
  ['NaN', NaN, ['logs:10']],
  ['Infinity', Infinity, ['logs:10']],
  ['null', null, ['logs:10']],
  ['true', true, Array(10).fill('logs:1')],
  ['2 ** 40', 2 ** 40, ['logs:10']],
];

const sizeCases = SIZES.map(([name, maxBatchSize, expected]) => [`maxBatchSize ${name}`, {
  options: { maxBatchSize }, unordered: true, drive: async ({ exporter }) => { await logsAtOnce(exporter, 10); await exporter.flush(); },
}, expected]);

describe('batching', { concurrency: true }, () => {
  for (const [name, scenario, expected] of [...CASES, ...sizeCases]) {
    test(name, async () => {
      const { peer, ours } = await runBoth(scenario);
      const { unordered } = scenario;
      assert.deepEqual(batchSizes(peer.requests), expected, 'the peer');
      assert.deepEqual(batchSizes(ours.requests), expected, 'ours');
      // Which batch a late record rides in may differ when several leave at once.
      if (!unordered) assert.deepEqual(comparableRequests(ours.requests), comparableRequests(peer.requests));
      assert.deepEqual(comparableCalls(ours.calls, { unordered }), comparableCalls(peer.calls, { unordered }));
      assert.deepEqual(ours.result, peer.result);
    });
  }
});

// The peer makes a batch of each record at 0 and less; ours takes over what one turn of the event loop brings.
describe('maxBatchWaitMs of any kind sends without a flush', { concurrency: true }, () => {
  for (const maxBatchWaitMs of [0, -5, NaN, 1.5, '20', '', true, false]) {
    test(`${typeof maxBatchWaitMs} ${maxBatchWaitMs}`, async () => {
      const { peer, ours } = await runBoth({
        options: { maxBatchWaitMs },
        drive: async ({ exporter, server }) => {
          await logsAtOnce(exporter, 3);
          await server.waitFor(() => server.records('logs').length === 3);
        },
      });
      const ids = ({ requests }) => requests.flatMap(({ body }) => body.logs.map(({ logId }) => logId)).sort();
      assert.deepEqual(ids(ours), ids(peer));
    });
  }
});

test('durationMs is measured', async () => {
  const { ours } = await runBoth({ drive: async ({ exporter }) => { await spans(exporter, 1); await exporter.flush(); } });
  const { args: [, fields] } = ours.calls.find(({ args }) => args[0] === FLUSHED);
  assert.deepEqual(Object.keys(fields), ['batchSize', 'flushReason', 'durationMs']);
  assert.ok(Number.isFinite(fields.durationMs) && fields.durationMs >= 0);
});
