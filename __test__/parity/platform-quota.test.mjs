// The quota pause of MastraPlatformExporter: everything is dropped until a probe finds quota again.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startCollector } from '../../examples/demo/collector.mjs';
import { comparableRequests, runBoth, runOurs } from '../support/both.mjs';
import { runFixture } from '../support/child.mjs';
import { flushOf, sendAll, SIGNALS, signalStats } from '../support/events.mjs';
import { comparableCalls } from '../support/logger.mjs';

const kind = 'platform';
const FLUSHED = 'Batch flushed successfully';
const STARTED = 'Flushing buffered events';
const RESUMED = 'Mastra observability resumed: quota restored, exports re-enabled';
const paused = (seconds) => `Mastra observability export paused: platform quota exhausted (OBSERVABILITY_QUOTA_EXCEEDED). Dropping telemetry and retrying in ${seconds} seconds. Check Platform billing/usage to restore telemetry.`;
const PROBE = '{"spans":[]}';

// A second is the shortest wait that the contract has.
const withHeaders = (status, headers) => ({ status, headers: { 'x-mastra-observability-retry-after': '1', ...headers } });
const QUOTA = withHeaders(402);
const DISABLED = withHeaders(200, { 'x-mastra-observability': 'disabled' });

const { logs } = SIGNALS;
const inTurn = (...answers) => (request, index) => answers[index];
// Meets the pause with one record, loses five, waits for quota, delivers five.
const through = (signal = 'traces') => async (run) => {
  await flushOf(signal)(run);
  await sendAll(run.exporter, 'lost');
  await run.exporter.flush();
  await run.logger.logged(RESUMED);
  await sendAll(run.exporter, 'again');
  await run.exporter.flush();
};

const isLine = (text) => ({ args: [message] }) => message === text;
// The one difference: the peer calls the batch that met the pause delivered.
function withoutFirstSuccess(calls) {
  const at = calls.findIndex(isLine(FLUSHED));
  return calls.filter((call, index) => index !== at);
}

// [name, drive, the answers to the first requests, requests that have a record or are a probe]
const CASES = [
  ...Object.keys(SIGNALS).flatMap((signal) => [
    [`402 on ${signal}`, through(signal), [QUOTA, {}], 1],
    [`200 and disabled on ${signal}`, through(signal), [DISABLED, {}], 1],
  ]),
  ['500 and disabled', through(), [withHeaders(500, { 'x-mastra-observability': 'disabled' }), {}], 1],
  ['404 and disabled', through(), [withHeaders(404, { 'x-mastra-observability': 'disabled' }), {}], 1],
  ['still paused: 402, then disabled', through(), [QUOTA, QUOTA, DISABLED, {}], 3],
  ['a probe that fails', through(), [QUOTA, { status: 500 }, {}], 2],
  ['a probe that is refused', through(), [QUOTA, { status: 400 }, {}], 2],
  ['a probe that is not authorised', through(), [QUOTA, { status: 401 }, {}], 2],
  ['a probe whose connection breaks', through(), [QUOTA, 'reset', {}], 2],
];

describe('the quota pause', { concurrency: true }, () => {
  for (const [name, drive, answers, probes] of CASES) {
    test(name, async () => {
      const { peer, ours } = await runBoth({ kind, answer: inTurn(...answers), drive });
      assert.deepEqual(peer.requests.slice(1, 1 + probes).map(({ text }) => text), Array(probes).fill(PROBE), 'the peer');
      assert.equal(peer.requests.length, 1 + probes + 5, 'the peer');
      assert.deepEqual(ours.requests.map(({ text }) => text === PROBE), peer.requests.map(({ text }) => text === PROBE));
      assert.deepEqual(comparableRequests(ours.requests), comparableRequests(peer.requests));
      assert.deepEqual(comparableCalls(ours.calls), comparableCalls(withoutFirstSuccess(peer.calls)));
      assert.deepEqual(ours.calls.filter(({ level }) => level === 'warn').map(({ args }) => args), [[paused(1)], [RESUMED]]);
    });
  }

  test('a second pause is announced again', async () => {
    const { peer, ours } = await runBoth({ kind, answer: inTurn(QUOTA, {}, DISABLED, {}), drive: async (run) => {
      await flushOf('logs')(run);
      await run.logger.logged(RESUMED);
      await flushOf('scores')(run);
      await run.logger.logged(RESUMED, 2);
    } });
    const warnings = ({ calls }) => calls.filter(({ level }) => level === 'warn').map(({ args: [message] }) => message);
    assert.deepEqual(warnings(ours), [paused(1), RESUMED, paused(1), RESUMED]);
    assert.deepEqual(warnings(ours), warnings(peer));
    assert.deepEqual(comparableRequests(ours.requests), comparableRequests(peer.requests));
  });

  // [name, the header; undefined: none, the seconds in the warning]
  const WAITS = [
    ['none', undefined, 300], ['empty', '', 300], ['zero', '0', 300], ['negative', '-1', 300], ['a fraction', '1.5', 300],
    ['a word', 'soon', 300], ['a date', 'Wed, 21 Oct 2026 07:28:00 GMT', 300], ['with a unit', '5s', 300], ['hex', '0x10', 300],
    ['seconds', '45', 45], ['spaces around', ' 45 ', 45], ['zeros before', '0045', 45],
    ['the longest timer', '2147483', 2147483], ['longer', '2147484', 2147483], ['far longer', '9'.repeat(30), 2147483],
  ];
  for (const [name, header, seconds] of WAITS) {
    test(`the wait until the probe: ${name}`, async () => {
      const headers = header === undefined ? {} : { 'x-mastra-observability-retry-after': header };
      const { peer, ours } = await runBoth({ kind, answer: () => ({ status: 402, headers }), drive: flushOf('logs') });
      for (const { calls } of [peer, ours]) {
        assert.deepEqual(calls.filter(({ level }) => level === 'warn').map(({ args }) => args), [[paused(seconds)]]);
      }
    });
  }

  test('402 on all five signals is one warning', async () => {
    const { peer, ours } = await runBoth({ kind, answer: () => ({ status: 402 }), drive: async ({ exporter, side }) => {
      await sendAll(exporter);
      await exporter.flush();
      return side === 'ours' && signalStats(exporter).map(({ delivered, dropped: { quotaPaused } }) => [delivered, quotaPaused]);
    } });
    for (const { calls } of [peer, ours]) assert.equal(calls.filter(isLine(paused(300))).length, 1);
    assert.deepEqual(ours.result, Array(5).fill([0, 1]));
    assert.deepEqual(ours.calls.filter(({ level }) => level !== 'debug').map(({ args: [message] }) => message),
      [paused(300), 'MastraPlatformExporter shutdown complete']);
  });

  test('what waits for its batch is dropped', async () => {
    const gates = {};
    const held = (side) => new Promise((resolve) => { gates[side] = resolve; });
    const { peer, ours } = await runBoth({
      kind,
      options: { maxBatchSize: 2 },
      answerFor: (side) => {
        const answer = held(side);
        return () => answer;
      },
      drive: async ({ exporter, logger, server, side }) => {
        await logs.send(exporter, 1);
        await logs.send(exporter, 2);
        await server.waitFor((requests) => requests.length === 1);
        await SIGNALS.scores.send(exporter, 'waits');
        gates[side]({ status: 402 });
        await logger.logged(paused(300));
        await exporter.flush();
        return side === 'ours' && exporter.stats();
      },
    });
    assert.deepEqual([peer.requests.length, ours.requests.length], [1, 1]);
    const { logs: { dropped: log }, scores: { dropped: score } } = ours.result;
    assert.deepEqual([log.quotaPaused, score.quotaPaused], [2, 1]);
  });

  test('what waits for another attempt is dropped', () => runOurs({
    kind,
    options: { maxRetries: 9 },
    answer: ({ segment }) => ({ status: segment === 'logs' ? 500 : 402 }),
    drive: async ({ exporter, server }) => {
      await logs.send(exporter, 'fails');
      await SIGNALS.traces.send(exporter, 'meets the pause');
      await exporter.flush();
      assert.equal(server.requests.length, 2);
      assert.equal(exporter.stats().logs.dropped.quotaPaused, 1);
    },
  }));

  test('shutdown ends the probing', async () => {
    const { peer, ours } = await runBoth({ kind, answer: () => QUOTA, drive: async (run) => {
      await flushOf('logs')(run);
      await run.server.waitFor(({ length }) => length === 2);
      await run.exporter.shutdown();
    }, shutdown: false });
    for (const { requests, calls } of [peer, ours]) {
      assert.deepEqual(requests.map(({ text }) => text === PROBE), [false, true]);
      assert.deepEqual(calls.at(-1).args, ['MastraPlatformExporter shutdown complete']);
    }
  });

  test('a pause does not hold the process', async () => {
    const collector = await startCollector({ answer: () => ({ status: 402 }) });
    try {
      const env = { URL: collector.url, COUNT: '3', EXPORTER: 'MastraPlatformExporter' };
      const { code, signal, stdout, stderr } = await runFixture('export-and-end.mjs', env);
      assert.deepEqual([code, signal], [0, null], stderr);
      assert.equal(collector.requests.length, 1);
      assert.ok((stdout + stderr).includes(paused(300)), stdout + stderr);
    } finally {
      await collector.close();
    }
  });
});

describe('CloudExporter does not pause', { concurrency: true }, () => {
  for (const [name, answer] of [['402', QUOTA], ['200 and disabled', DISABLED], ['500 and disabled', withHeaders(500, DISABLED.headers)]]) {
    test(name, async () => {
      const { peer, ours } = await runBoth({ options: { maxRetries: 1 }, answer: () => answer, drive: async (run) => {
        await flushOf('traces')(run);
        await sendAll(run.exporter);
        await run.exporter.flush();
      } });
      assert.equal(peer.requests.length, 6, 'the peer');
      assert.deepEqual(comparableRequests(ours.requests), comparableRequests(peer.requests));
      assert.deepEqual(comparableCalls(ours.calls, { unordered: true }), comparableCalls(peer.calls, { unordered: true }));
      assert.equal(ours.calls.filter(isLine(STARTED)).length, 2);
    });
  }
});
