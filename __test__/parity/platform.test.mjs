// MastraPlatformExporter: requests, log lines and error ids. The quota pause is in parity-platform-quota.test.mjs.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { batchSizes, comparableRequests, runBoth } from '../support/both.mjs';
import { flushAll, flushOf, makeSpan, sendAll, SIGNALS, spanEvent } from '../support/events.mjs';
import { comparableCalls } from '../support/logger.mjs';

const FLUSHED = 'Batch flushed successfully';
const DROPPED = 'Batch flush completed with dropped signal batches';
const kind = 'platform';
const ALL = ['feedback:1', 'logs:1', 'metrics:1', 'scores:1', 'spans:1'];

const status = (code) => () => ({ status: code });
const logsAtOnce = (exporter, count) => Promise.all(Array.from({ length: count }, (_, i) => SIGNALS.logs.send(exporter, `l${i}`)));

// [name, scenario, expected 'segment:records' of the requests]
const CASES = [
  ...Object.entries(SIGNALS).map(([signal, { segment }]) => [`${signal}`, { drive: flushOf(signal) }, [`${segment}:1`]]),
  ['all five', { drive: flushAll }, ALL],
  ['all five, in a project', { options: { projectId: 'p_1' }, drive: flushAll }, ALL],
  ['started spans and model chunks are ignored', { drive: async ({ exporter }) => {
    await exporter.exportTracingEvent(spanEvent(makeSpan(), 'span_started'));
    await exporter.exportTracingEvent(spanEvent(makeSpan('c', { type: 'model_chunk' })));
    await exporter.flush();
  } }, []],
  ['a formatter', { options: { customSpanFormatter: (span) => ({ ...span, name: 'renamed' }) }, drive: flushAll }, ALL],
  ['by size', { options: { maxBatchSize: 3 }, drive: async ({ exporter, logger }) => { await logsAtOnce(exporter, 3); await logger.logged(FLUSHED); } }, ['logs:3']],
  ['by time', { options: { maxBatchWaitMs: 20 }, drive: async ({ exporter, logger }) => { await logsAtOnce(exporter, 2); await logger.logged(FLUSHED); } }, ['logs:2']],
  ['shutdown sends what is buffered', { drive: ({ exporter }) => sendAll(exporter) }, ALL],
  ['500', { options: { maxRetries: 1 }, answer: status(500), drive: flushAll }, ALL],
  ['500 once', { options: { maxRetries: 2 }, answer: (request, index) => (index === 0 ? { status: 500 } : undefined), drive: flushOf('logs') }, ['logs:1', 'logs:1']],
  ['400', { options: { maxRetries: 1 }, answer: status(400), drive: flushAll }, ALL],
  ['one of five fails', { options: { maxRetries: 1 }, answer: ({ segment }) => ({ status: segment === 'scores' ? 503 : 200 }), drive: flushAll }, ALL],
  ['reset', { options: { maxRetries: 1 }, answer: () => 'reset', drive: flushOf('traces'), texts: false }, ['spans:1']],
  ['401', { answer: status(401), drive: flushAll }, ALL],
  ['403', { answer: status(403), drive: flushAll }, ALL],
  ['401 for one of five', { answer: ({ segment }) => ({ status: segment === 'logs' ? 401 : 200 }), drive: flushAll }, ALL],
  ['events during the cooldown are dropped', { answer: status(401), drive: async (run) => {
    await flushAll(run);
    const before = run.logger.calls.length;
    await flushAll(run);
    assert.equal(run.logger.calls.length, before, 'silently');
  } }, ALL],
  // The header counts for nothing on these: neither is a quota answer.
  ['401 that also says disabled', { answer: () => ({ status: 401, headers: { 'x-mastra-observability': 'disabled' } }), drive: flushOf('logs') }, ['logs:1']],
  ['another state than disabled', { answer: () => ({ headers: { 'x-mastra-observability': 'enabled' } }), drive: flushOf('logs') }, ['logs:1']],
  ['Disabled in capitals', { answer: () => ({ headers: { 'x-mastra-observability': 'DISABLED' } }), drive: flushOf('logs') }, ['logs:1']],
  ['a wait without a pause', { answer: () => ({ headers: { 'x-mastra-observability-retry-after': '1' } }), drive: flushOf('logs') }, ['logs:1']],
];

describe('the platform', { concurrency: true }, () => {
  for (const [name, { texts, ...scenario }, expected] of CASES) {
    test(name, async () => {
      const { peer, ours } = await runBoth({ kind, ...scenario });
      assert.deepEqual(batchSizes(peer.requests), expected, 'the peer');
      assert.deepEqual(comparableRequests(ours.requests), comparableRequests(peer.requests));
      const options = { unordered: true, texts };
      assert.deepEqual(comparableCalls(ours.calls, options), comparableCalls(peer.calls, options));
    });
  }

  test('the capability is in each request, and not in those of CloudExporter', async () => {
    const capabilities = async (exporter) => {
      const { peer, ours } = await runBoth({ kind: exporter, drive: flushAll });
      return [peer, ours].map(({ requests }) => requests.map(({ headers }) => headers['x-mastra-observability-capabilities']));
    };
    const expected = Array(5).fill('quota-pause-v1');
    assert.deepEqual(await capabilities('platform'), [expected, expected]);
    assert.deepEqual(await capabilities('cloud'), [Array(5).fill(undefined), Array(5).fill(undefined)]);
  });

  test('error ids and the authentication warning, spelled out', async () => {
    const { ours } = await runBoth({
      kind,
      options: { maxRetries: 1 },
      answer: ({ segment }) => ({ status: segment === 'logs' ? 403 : 500 }),
      // The gate closes at the first 403, so that comes last.
      drive: async ({ exporter }) => {
        for (const signal of ['traces', 'metrics', 'scores', 'feedback']) await SIGNALS[signal].send(exporter, 'x');
        await exporter.flush();
        await SIGNALS.logs.send(exporter, 'x');
        await exporter.flush();
      },
    });
    const ids = ours.calls.filter(({ level }) => level === 'trackException').map(({ args: [{ id }] }) => id).sort();
    assert.deepEqual(ids, ['FEEDBACK', 'METRICS', 'SCORES', 'TRACES'].map((signal) => `MASTRA_PLATFORM_EXPORTER_FAILED_TO_BATCH_UPLOAD_${signal}`));
    const warnings = ours.calls.filter(({ level }) => level === 'warn').map(({ args: [message] }) => message);
    assert.equal(warnings.length, 3);
    assert.match(warnings[1], /^MastraPlatformExporter received an authentication failure; pausing uploads for 6\ds$/);
    assert.deepEqual([warnings[0], warnings[2]], [DROPPED, DROPPED]);
    assert.equal(ours.calls.at(-1).args[0], 'MastraPlatformExporter shutdown complete');
  });
});
