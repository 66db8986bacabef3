// Where our retries differ from the peer's: without maxRetries for a window of time, as Retry-After asks, and with
// smaller bodies after 413.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runOurs } from '../support/both.mjs';
import { makeSpan, sendAll, SIGNALS, spanEvent } from '../support/events.mjs';
import { describeError } from '../support/logger.mjs';
import { numbered } from '../support/spans.mjs';
import { first, refusedUrl } from '../support/server.mjs';

const { logs, metrics } = SIGNALS;
const always = (status, headers) => () => ({ status, headers });
const failures = ({ calls }) => calls.filter(({ level }) => level === 'trackException').map(({ args: [error] }) => error);
const flushLog = async ({ exporter }) => {
  await logs.send(exporter, 'l');
  await exporter.flush();
};

// A second attempt would come after 0.8 to 1.2 s. A flush that Retry-After holds up is ended by this.
const HELD_MS = 2500;
const HTTP_DATE = new Date(Date.now() + 3_600_000).toUTCString();
const YESTERDAY = new Date(Date.now() - 86_400_000).toUTCString();

// A collector that accepts bodies of `max` records, and none that contains a record of `never`.
const idOf = (record) => record.id ?? record.logId ?? record.metricId ?? record.scoreId ?? record.feedbackId;
const taking = (max, ...never) => ({ body, segment }) => {
  const refused = body[segment].length > max || body[segment].some((record) => never.includes(idOf(record)));
  return { status: refused ? 413 : 200 };
};
const sendNumbered = (signal, count) => async ({ exporter }) => {
  for (const id of numbered(count)) await SIGNALS[signal].send(exporter, id);
  await exporter.flush();
};
const warnings = ({ calls }) => calls.filter(({ level }) => level === 'warn').map(({ args }) => args);

// Side by side, as most of them wait.
describe('retries', { concurrency: true }, () => {
  describe('without maxRetries', { concurrency: true }, () => {
    for (const [name, options] of [['not given', {}], ['undefined', { maxRetries: undefined }], ['null', { maxRetries: null }]]) {
      test(`${name}: a flush waits for three attempts and the batch stays`, async () => {
        const run = await runOurs({
          options,
          answer: always(500),
          drive: async (it) => {
            await flushLog(it);
            assert.equal(it.server.requests.length, 3);
            const { queued, retried, dropped } = it.exporter.stats().logs;
            assert.deepEqual([queued, retried, dropped.retriesExhausted], [1, 3, 0]);
            assert.deepEqual(failures(it.logger), []);
          },
        });
        // A shutdown tries once more, then gives up.
        assert.equal(run.requests.length, 4);
      });
    }

    // [name, window, answer, fewest and most attempts]: the last one is made when the window ends. The pause before the
    // second is 0.8 to 1.2 s, so it may come twice within 0.9 s.
    const WINDOWS = [
      ['no window: one attempt', 0, always(503), [1, 1]],
      ['nothing listens', 0, undefined, [0, 0]],
      ['a short window: another attempt at its end', 900, always(503), [2, 3]],
    ];
    for (const [name, retryWindowMs, answer, [fewest, most]] of WINDOWS) {
      test(name, async () => {
        const endpoint = answer ? undefined : await refusedUrl();
        const run = await runOurs({
          options: { retryWindowMs, ...(endpoint ? { endpoint } : {}) },
          answer,
          drive: async (it) => {
            await flushLog(it);
            assert.equal(it.exporter.stats().logs.dropped.retriesExhausted, 1);
          },
        });
        assert.ok(run.requests.length >= fewest && run.requests.length <= most, `${run.requests.length} attempts`);
        const { id, details } = describeError(failures(run)[0]);
        assert.deepEqual([id, details], ['CLOUD_EXPORTER_FAILED_TO_BATCH_UPLOAD_LOGS', { signal: 'logs', droppedBatchSize: 1 }]);
      });
    }

    test('500 twice is no loss', async () => {
      const run = await runOurs({ answer: (request, index) => ({ status: index < 2 ? 500 : 200 }), drive: flushLog });
      assert.deepEqual(run.requests.map(({ status }) => status), [500, 500, 200]);
    });

    test('maxRetries counts attempts', async () => {
      const run = await runOurs({ options: { maxRetries: 3 }, answer: always(500), drive: flushLog });
      assert.equal(run.requests.length, 3);
      assert.equal(failures(run).length, 1);
    });

    test('maxRetries wins over the window', async () => {
      const run = await runOurs({ options: { maxRetries: 2, retryWindowMs: 0 }, answer: always(503), drive: flushLog });
      assert.equal(run.requests.length, 2);
    });
  });

  describe('Retry-After', { concurrency: true }, () => {
    // [name, status, header, held up?]
    const CASES = [
      ...[408, 425, 429, 500, 503].map((status) => [`${status}, an hour`, status, '3600', true]),
      ['a date', 503, HTTP_DATE, true],
      ['a date that has passed', 503, YESTERDAY, false],
      ['zero', 503, '0', false],
      ['a second', 503, '1', false],
      ['a word', 503, 'soon', false],
      ['a negative number', 503, '-5', false],
      ['empty', 503, '', false],
    ];
    for (const [name, status, header, held] of CASES) {
      test(`${name}: ${held ? 'waits' : 'goes on'}`, () => runOurs({
        options: { maxRetries: 2, flushTimeoutMs: held ? HELD_MS : 30_000, shutdownTimeoutMs: 0 },
        answer: first({ status, headers: { 'retry-after': header } }),
        drive: async (run) => {
          await flushLog(run);
          assert.equal(run.server.requests.length, held ? 1 : 2);
          assert.equal(run.exporter.stats().logs[held ? 'queued' : 'delivered'], 1);
        },
      }));
    }

    // [status, requests: the log and, of a signal that is not held, one more each]
    for (const [status, requests] of [[503, 1], [429, 5]]) {
      test(`${status} holds ${requests === 1 ? 'the other signals, too' : 'its own signal'}`, () => runOurs({
        options: { flushTimeoutMs: 1500, shutdownTimeoutMs: 0 },
        answer: first({ status, headers: { 'retry-after': '3600' } }),
        drive: async (run) => {
          await flushLog(run);
          await sendAll(run.exporter);
          await run.exporter.flush();
          assert.equal(run.server.requests.length, requests);
        },
      }));
    }

    test('is not looked at on a refusal', () => runOurs({
      answer: first({ status: 400, headers: { 'retry-after': '3600' } }),
      drive: async (run) => {
        await flushLog(run);
        await flushLog(run);
        assert.deepEqual(run.server.requests.map(({ status }) => status), [400, 200]);
      },
    }));
  });

  describe('413', { concurrency: true }, () => {
    // [name, records, taken at once, ids never taken, requests]
    const CASES = [
      ['halves', 8, 4, [], 3],
      ['halves of halves', 8, 2, [], 7],
      ['an odd number', 7, 2, [], 7],
      ['one by one', 5, 1, [], 8],
      ['one that is never taken', 8, 8, ['s3'], 7],
      ['two that are never taken', 8, 8, ['s0', 's7'], 11],
      ['nothing is ever taken', 4, 0, [], 7],
    ];
    for (const [name, count, max, never, requests] of CASES) {
      for (const [signal, { segment }] of Object.entries(SIGNALS)) {
        test(`${name}, ${signal}`, async () => {
          const run = await runOurs({
            answer: taking(max, ...never),
            drive: async (it) => {
              await sendNumbered(signal, count)(it);
              return { arrived: it.server.records(segment).map(idOf), stats: it.exporter.stats()[signal] };
            },
          });
          assert.equal(run.requests.length, requests);
          const lost = max === 0 ? numbered(count) : never;
          assert.deepEqual(run.result.arrived.sort(), numbered(count).filter((id) => !lost.includes(id)));
          assert.deepEqual([run.result.stats.delivered, run.result.stats.dropped.tooLargeForCollector], [count - lost.length, lost.length]);
          assert.deepEqual(warnings(run).map(([message, fields]) => [message, fields.signal, fields.reason]),
            lost.map(() => ['Dropped a record that is too large', signal, 'tooLargeForCollector']));
          assert.deepEqual(failures(run), []);
        });
      }
    }

    test('the warning names a span', async () => {
      const run = await runOurs({ answer: taking(9, 'big'), drive: async ({ exporter }) => {
        await exporter.exportTracingEvent(spanEvent(makeSpan('big')));
        await exporter.flush();
      } });
      const bytes = Buffer.byteLength(run.requests[0].text) - Buffer.byteLength('{"spans":[]}');
      const { traceId } = makeSpan();
      assert.deepEqual(warnings(run).map(([, fields]) => fields), [
        { spanId: 'big', traceId, name: 'agent run big', signal: 'traces', reason: 'tooLargeForCollector', bytes },
      ]);
    });

    test('the warning names a metric', async () => {
      const run = await runOurs({ answer: taking(9, 'big'), drive: async ({ exporter }) => {
        await metrics.send(exporter, 'big');
        await exporter.flush();
      } });
      const [[, fields]] = warnings(run);
      assert.equal(fields.name, 'mastra_agent_duration_ms', JSON.stringify(fields));
    });

    test('the other signals of the batch go whole, and the batch is one batch', async () => {
      const run = await runOurs({ answer: ({ segment, body }) => ({ status: segment === 'spans' && body.spans.length > 1 ? 413 : 200 }), drive: async ({ exporter }) => {
        await sendAll(exporter, 'a');
        await sendAll(exporter, 'b');
        await exporter.flush();
      } });
      assert.equal(run.requests.length, 7);
      const delivered = run.calls.filter(({ args: [message] }) => message === 'Batch flushed successfully');
      assert.deepEqual(delivered.map(({ args: [, { batchSize }] }) => batchSize), [10]);
    });

    test('halves are tried again by themselves', async () => {
      const answers = [{ status: 413 }, { status: 503 }];
      const run = await runOurs({ options: { maxRetries: 2 }, answer: (request, index) => answers[index], drive: sendNumbered('traces', 4) });
      assert.deepEqual(run.requests.map(({ body: { spans } }) => spans.length), [4, 2, 2, 2]);
      const taken = run.requests.filter(({ status }) => status === 200).flatMap(({ body: { spans } }) => spans.map(({ id }) => id));
      assert.deepEqual(taken.sort(), numbered(4));
    });
  });
});
