// What the collector's answer means for the records: retried, given up, split, delayed.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CloudExporter } from 'mastra-native-exporter';
import { startCollector } from '../../examples/demo/collector.mjs';
import { recordingLogger } from '../support/logger.mjs';
import { until, within } from '../support/deadline.mjs';
import { arrivals, bigSpan, exportSpans, missing, numbered } from '../support/spans.mjs';

const FAILED = 'Batch upload failed after 1 attempt, dropping batch';

/** Runs `drive` with a collector and an exporter. Options that are not given have their defaults. */
async function run({ answer, options }, drive) {
  const collector = await startCollector({ answer });
  const logger = recordingLogger();
  const exporter = new CloudExporter({ accessToken: 't', endpoint: collector.url, logger, ...options });
  try {
    const state = () => JSON.stringify([collector.requests.map(({ status }) => status), exporter.stats().traces]);
    await within(drive({ exporter, collector, logger }), state);
  } finally {
    await exporter.shutdown();
    await collector.close();
  }
}

function allOnce(collector, expected) {
  const counts = arrivals(collector);
  assert.deepEqual(missing(expected, counts), []);
  assert.deepEqual([...counts.keys()].filter((id) => !expected.includes(id)), []);
  assert.deepEqual([...counts.values()].filter((times) => times !== 1), [], 'nothing twice');
}

describe('answers', { concurrency: true }, () => {
  describe('Retry-After', { concurrency: true }, () => {
    const SECONDS = 2;
    // [form of the header, its value, time of the answer: the earliest time of the next request, by the collector's
    // clock]
    const FORMS = [
      ['seconds', () => `${SECONDS}`, (answeredAtMs) => answeredAtMs + SECONDS * 1000],
      ['a date', () => new Date(Date.now() + SECONDS * 1000).toUTCString(), (answeredAtMs, header) => Date.parse(header)],
    ];

    for (const status of [429, 503]) {
      for (const [form, header, notBefore] of FORMS) {
        test(`${status} with Retry-After as ${form}: honoured, also by what is exported and flushed meanwhile`, async () => {
          const seenAtMs = [];
          let answered;
          const answer = () => {
            seenAtMs.push(Date.now());
            if (seenAtMs.length > 1) return {};
            answered = { header: header(), atMs: Date.now() };
            return { status, headers: { 'retry-after': answered.header } };
          };
          await run({ answer, options: { maxBatchSize: 10 } }, async ({ exporter, collector }) => {
            exportSpans(exporter, 10);
            await until(() => exporter.stats().traces.retried > 0);
            // The exporter knows the answer now. Neither new spans nor a flush cause an earlier request.
            exportSpans(exporter, 30, 'later');
            await Promise.all([exporter.flush(), exporter.flush()]);
            allOnce(collector, [...numbered(10), ...numbered(30, 'later')]);
            const allowedAtMs = notBefore(answered.atMs, answered.header);
            const early = seenAtMs.slice(1).map((atMs) => allowedAtMs - atMs).filter((ms) => ms > 0);
            assert.deepEqual(early, [], 'ms too early');
          });
        });
      }
    }
  });

  describe('statuses', { concurrency: true }, () => {
    // The peer gives up after three attempts; by default ours does not.
    const FAILURES = 3;
    const AGAIN = [408, 425, 429, 500, 502, 503, 504].map((status) => [`${status}`, { status }]);
    AGAIN.push(['reset', 'reset'], ['timeout', 'hang', { requestTimeoutMs: 1500 }]);

    for (const [name, failure, options] of AGAIN) {
      test(`${name}: tried again until delivered`, async () => {
        const answer = (request, index) => (index < FAILURES ? failure : {});
        await run({ answer, options: { maxBatchSize: 50, ...options } }, async ({ exporter, collector, logger }) => {
          exportSpans(exporter, 50);
          await logger.logged('Batch flushed successfully');
          assert.equal(collector.requests.length, FAILURES + 1);
          allOnce(collector, numbered(50));
          const { delivered, retried } = exporter.stats().traces;
          assert.deepEqual([delivered, retried], [50, 50 * FAILURES]);
          assert.equal(logger.calls.filter(({ args: [text] }) => /^Batch upload failed/.test(text)).length, 0);
        });
      });
    }

    for (const status of [400, 422]) {
      test(`${status}: a batch is halved, and what the collector takes is delivered`, async () => {
        const answer = (request, index) => (index === 0 ? { status } : {});
        await run({ answer, options: { maxBatchSize: 50 } }, async ({ exporter, collector, logger }) => {
          exportSpans(exporter, 50);
          await exporter.flush();
          assert.deepEqual(collector.requests.map((request) => request.status), [status, 200, 200]);
          allOnce(collector, numbered(50));
          assert.equal(logger.calls.filter(({ args: [text] }) => /^Batch upload failed/.test(text)).length, 0);
        });
      });
    }

    for (const status of [404, 410]) {
      test(`${status}: not tried again, said and counted`, async () => {
        const answer = (request, index) => (index === 0 ? { status } : {});
        await run({ answer, options: { maxBatchSize: 50 } }, async ({ exporter, collector, logger }) => {
          exportSpans(exporter, 50);
          await logger.logged(FAILED);
          exportSpans(exporter, 50, 'next');
          await exporter.flush();
          assert.deepEqual(collector.requests.map((request) => request.status), [status, 200]);
          allOnce(collector, numbered(50, 'next'));
          const { delivered, dropped, retried } = exporter.stats().traces;
          assert.deepEqual([delivered, dropped.refused, retried], [50, 50, 0]);
          assert.equal(logger.count(FAILED), 1);
        });
      });
    }
  });

  // After three attempts a flush no longer waits for a batch. A later flush does, and waits for the attempt that is in
  // flight. A shutdown that did not would break that attempt off.
  describe('called while a fourth attempt is under way', { concurrency: true }, () => {
    for (const method of ['flush', 'shutdown']) {
      test(`${method}() waits for it`, async () => {
        let release;
        const answer = (request, index) => (index < 3 ? { status: 503 } : new Promise((resolve) => { release = () => resolve({}); }));
        await run({ answer, options: { maxBatchSize: 50 } }, async ({ exporter, collector }) => {
          exportSpans(exporter, 50);
          await collector.waitFor((requests) => requests.length === 4);
          let done = false;
          const waiting = exporter[method]().then(() => { done = true; });
          // The engine takes one command after the other: when this one is answered, it has seen the other.
          await new CloudExporter({ accessToken: 't', endpoint: collector.url }).flush();
          const early = done;
          release();
          await waiting;
          const { delivered, dropped } = exporter.stats().traces;
          assert.deepEqual({ early, delivered, lost: dropped.shutdown }, { early: false, delivered: 50, lost: 0 });
        });
      });
    }
  });

  describe('413 above 100 kB', { concurrency: true }, () => {
    const LIMIT = 100_000;
    const COUNT = 300;
    const answer = ({ text }) => ({ status: text.length > LIMIT ? 413 : 200 });

    test(`${COUNT} spans are split until they fit, all delivered exactly once`, async () => {
      await run({ answer }, async ({ exporter, collector, logger }) => {
        exportSpans(exporter, COUNT);
        await exporter.flush();
        allOnce(collector, numbered(COUNT));
        assert.ok(collector.requests.some(({ status }) => status === 413));
        assert.deepEqual(logger.calls.filter(({ level }) => level !== 'debug'), []);
      });
    });

    for (const at of [0, 150, COUNT - 1]) {
      test(`a span of 200 kB, number ${at} of ${COUNT}, is dropped alone and named, all others delivered`, async () => {
        await run({ answer }, async ({ exporter, collector, logger }) => {
          exportSpans(exporter, at);
          void exporter.exportTracingEvent(bigSpan('huge', { input: 'x'.repeat(200_000) }));
          exportSpans(exporter, COUNT - 1 - at, 's', at);
          await exporter.flush();
          allOnce(collector, numbered(COUNT - 1));
          const { delivered, dropped } = exporter.stats().traces;
          assert.deepEqual([delivered, dropped.tooLargeForCollector], [COUNT - 1, 1]);
          const warnings = logger.calls.filter(({ level }) => level === 'warn').map(({ args }) => args[1].spanId);
          assert.deepEqual(warnings.filter(Boolean), ['huge']);
        });
      });
    }

    test('a body over maxBatchBytes is split beforehand', async () => {
      await run({ answer, options: { maxBatchBytes: LIMIT } }, async ({ exporter, collector }) => {
        exportSpans(exporter, COUNT);
        await exporter.flush();
        allOnce(collector, numbered(COUNT));
        assert.deepEqual(collector.requests.filter(({ status }) => status !== 200), []);
        const bytes = collector.requests.map(({ text }) => text.length);
        assert.ok(Math.max(...bytes) <= LIMIT, `${bytes}`);
        // Not each record is sent alone: all requests but the last are as full as possible.
        assert.ok(bytes.filter((length) => length < 0.9 * LIMIT).length <= 1, `${bytes}`);
      });
    });
  });
});
