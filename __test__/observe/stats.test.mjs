// stats(): at every moment accepted is the sum of delivered, dropped, queued and in flight.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runOurs } from '../support/both.mjs';
import { withEnv } from '../support/env.mjs';
import { makeSpan, sendAll, SIGNALS, spanEvent, signalStats } from '../support/events.mjs';
import { recordingLogger } from '../support/logger.mjs';
import { OurExporter, SIDES } from '../support/sides.mjs';

const REASONS = ['queueFull', 'retriesExhausted', 'refused', 'tooLargeForCollector', 'recordTooLarge', 'unencodable',
  'authRejected', 'quotaPaused', 'shutdown', 'engineFailed', 'spoolFull', 'spoolExpired', 'spoolUnreadable'];
const KEYS = ['accepted', 'delivered', 'dropped', 'inFlight', 'queued', 'queuedBytes', 'recovered', 'retried', 'spoolBytes', 'spooled'];
const { logs, traces } = SIGNALS;
const sum = (counts) => Object.values(counts).reduce((total, count) => total + count, 0);
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Reads stats() and checks what must hold at any moment. */
function checked(exporter) {
  const { state, oldestQueuedMs, lastError: _lastError, lastDeliveredAt: _lastDeliveredAt, ...stats } = exporter.stats();
  assert.ok(['healthy', 'retrying', 'authCooldown', 'quotaPaused', 'disabled'].includes(state));
  assert.ok(Number.isInteger(oldestQueuedMs) && oldestQueuedMs >= 0);
  assert.deepEqual(Object.keys(stats), Object.keys(SIGNALS));
  for (const [signal, { accepted, recovered, delivered, dropped, queued, inFlight, spooled, retried, queuedBytes, spoolBytes }] of Object.entries(stats)) {
    assert.equal(accepted + recovered, delivered + sum(dropped) + queued + inFlight + spooled, `${signal}: ${JSON.stringify(stats[signal])}`);
    for (const count of [accepted, recovered, delivered, queued, inFlight, spooled, retried, queuedBytes, spoolBytes, ...Object.values(dropped)]) {
      assert.ok(Number.isInteger(count) && count >= 0, `${signal}: ${count}`);
    }
  }
  return stats;
}

/** [accepted, delivered, dropped, queued, in flight] of each signal. */
const numbers = (exporter) => Object.values(checked(exporter))
  .map(({ accepted, delivered, dropped, queued, inFlight }) => [accepted, delivered, sum(dropped), queued, inFlight]);
const each = (...expected) => Array(5).fill(expected);

describe('stats()', { concurrency: true }, () => {
  test('a new exporter: zeros, in the order of the signals', () => runOurs({
    drive: ({ exporter }) => {
      const stats = checked(exporter);
      for (const account of Object.values(stats)) {
        assert.deepEqual(Object.keys(account).sort(), KEYS);
        assert.deepEqual(Object.keys(account.dropped), REASONS);
      }
      assert.deepEqual(numbers(exporter), each(0, 0, 0, 0, 0));
    },
  }));

  for (const kind of ['cloud', 'platform']) {
    test(`a disabled exporter: zeros of the same shape, ${kind}`, () => runOurs({ kind, drive: async ({ exporter }) => {
      const disabled = withEnv({}, () => new SIDES[kind].ours({ logger: recordingLogger() }));
      const fresh = exporter.stats();
      await sendAll(disabled);
      await disabled.flush();
      await disabled.shutdown();
      assert.deepEqual(disabled.stats(), { ...fresh, state: 'disabled' });
      disabled.stats().logs.dropped.refused = 5;
      assert.equal(disabled.stats().logs.dropped.refused, 0, 'a copy each time');
    } }));
  }

  test('from the call to the answer', async () => {
    let open;
    const opened = new Promise((resolve) => { open = resolve; });
    await runOurs({
      answer: () => opened,
      drive: async ({ exporter, server }) => {
        void traces.send(exporter, 's');
        assert.deepEqual(numbers(exporter)[0], [1, 0, 0, 1, 0], 'before the end of the turn');
        assert.equal(exporter.stats().traces.queuedBytes, 0, 'not encoded yet');
        await sendAll(exporter);
        await nextTurn();
        assert.deepEqual(numbers(exporter)[1], [1, 0, 0, 1, 0], 'waits for its batch');
        const flushed = exporter.flush();
        // Each signal has an address of its own, and so a request.
        await server.waitFor(({ length }) => length === 5);
        assert.deepEqual(numbers(exporter), [[2, 0, 0, 0, 2], ...each(1, 0, 0, 0, 1).slice(1)]);
        assert.deepEqual(signalStats(exporter).map(({ queuedBytes }) => queuedBytes), [0, 0, 0, 0, 0]);
        open({});
        await flushed;
        assert.deepEqual(numbers(exporter), [[2, 2, 0, 0, 0], ...each(1, 1, 0, 0, 0).slice(1)]);
      },
    });
  });

  test('queuedBytes are the bytes of the records', async () => {
    // The queued bytes are those of the request, without brackets and commas.
    const run = await runOurs({
      drive: async ({ exporter, logger }) => {
        const texts = ['ascii', 'Zürich', '東京🗼', 'quote " and \n'];
        for (const text of texts) await logs.send(exporter, text);
        for (let i = texts.length; i < 32; i++) await logs.send(exporter, `l${i}`);
        await nextTurn();
        // All exporters share one engine and one channel to it: once this one is answered, the records are counted.
        const other = new OurExporter({ accessToken: 't', endpoint: 'http://127.0.0.1:1', logger });
        await other.shutdown();
        const { queued, queuedBytes } = checked(exporter).logs;
        await exporter.flush();
        return { queued, queuedBytes, after: exporter.stats().logs.queuedBytes };
      },
    });
    const bytes = Buffer.byteLength(run.requests[0].text) - Buffer.byteLength('{"logs":[]}') - 31;
    assert.deepEqual(run.result, { queued: 32, queuedBytes: bytes, after: 0 });
  });

  // [name, answers in turn, maxRetries, records, retried, delivered]
  const RETRIES = [
    ['once', [{ status: 500 }], 3, 2, 2, 2],
    ['twice', [{ status: 500 }, { status: 503 }], 3, 1, 2, 1],
    ['in vain', [{ status: 500 }, { status: 503 }], 2, 3, 3, 0],
    ['never', [], 3, 3, 0, 3],
    ['refused', [{ status: 404 }], 3, 3, 0, 0],
    ['split is no retry', [{ status: 413 }], 3, 2, 0, 2],
  ];
  for (const [name, answers, maxRetries, count, retried, delivered] of RETRIES) {
    test(`retried: ${name}`, () => runOurs({
      options: { maxRetries },
      answer: (request, index) => answers[index],
      drive: async ({ exporter }) => {
        for (let i = 0; i < count; i++) await logs.send(exporter, `l${i}`);
        await exporter.flush();
        const { logs: account } = checked(exporter);
        assert.deepEqual([account.accepted, account.retried, account.delivered, account.queuedBytes], [count, retried, delivered, 0]);
      },
    }));
  }

  test('what waits for another attempt is queued', async () => {
    await runOurs({
      options: { flushTimeoutMs: 1500, shutdownTimeoutMs: 0 },
      answer: () => ({ status: 503, headers: { 'retry-after': '3600' } }),
      drive: async ({ exporter }) => {
        await logs.send(exporter, 'l');
        await exporter.flush();
        assert.deepEqual(numbers(exporter)[1], [1, 0, 0, 1, 0]);
        assert.ok(exporter.stats().logs.queuedBytes > 0);
      },
    });
  });

  test('in the midst of everything', async () => {
    // Answers of all kinds while records come in. The counters are read at every log line, so after every change.
    const statuses = [200, 500, 413, 400, 200, 503, 200];
    let reads = 0;
    await runOurs({
      options: { maxRetries: 2, maxBatchSize: 7 },
      answer: (request, index) => ({ status: statuses[index % statuses.length] }),
      drive: async ({ exporter, logger }) => {
        const watching = logger.waitFor(() => {
          checked(exporter);
          reads += 1;
          return logger.count('CloudExporter shutdown complete') > 0;
        });
        for (let round = 0; round < 40; round++) {
          for (const { send } of Object.values(SIGNALS)) void send(exporter, `${round}`);
          checked(exporter);
          if (round % 8 === 0) await nextTurn();
        }
        await exporter.flush();
        for (const { accepted, queued, inFlight } of Object.values(checked(exporter))) assert.deepEqual([accepted, queued, inFlight], [40, 0, 0]);
        await exporter.shutdown();
        await watching;
        assert.ok(reads > 10);
      },
    });
  });

  test('counts what cannot be sent, and nothing that is ignored', () => runOurs({
    options: { maxRecordBytes: 1024 },
    drive: async ({ exporter }) => {
      await exporter.exportTracingEvent(spanEvent(makeSpan(), 'span_started'));
      await exporter.exportTracingEvent(undefined);
      await exporter.onLogEvent(undefined);
      await traces.send(exporter, 'big', { input: 'x'.repeat(5000) });
      await traces.send(exporter, 'good');
      await exporter.flush();
      assert.deepEqual(numbers(exporter), [[2, 1, 1, 0, 0], ...each(0, 0, 0, 0, 0).slice(1)]);
      assert.equal(exporter.stats().traces.dropped.recordTooLarge, 1);
    },
  }));

  test('a probe of the platform counts for nothing', () => runOurs({
    kind: 'platform',
    answer: (request, index) => (index === 0 ? { status: 402, headers: { 'x-mastra-observability-retry-after': '1' } } : {}),
    drive: async ({ exporter, logger }) => {
      await logs.send(exporter, 'l');
      await exporter.flush();
      await logger.logged('Mastra observability resumed: quota restored, exports re-enabled');
      assert.deepEqual(numbers(exporter), [[0, 0, 0, 0, 0], [1, 0, 1, 0, 0], ...each(0, 0, 0, 0, 0).slice(2)]);
    },
  }));
});
