// shutdown() is final, unlike the peer's: it runs once, within its time, and no record is taken after it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { batchSizes, runOurs } from '../support/both.mjs';
import { makeSpan, sendAll, SIGNALS, spanEvent, signalStats } from '../support/events.mjs';
import { recordingLogger } from '../support/logger.mjs';
import { OurExporter } from '../support/sides.mjs';

const { logs, traces } = SIGNALS;
const dropped = (exporter, signal) => exporter.stats()[signal].dropped.shutdown;
const lines = (logger, text) => logger.calls.filter(({ args: [message] }) => String(message).includes(text)).map(({ level, args }) => [level, ...args]);
const COMPLETE = [['info', 'CloudExporter shutdown complete']];
const ALL = ['feedback:1', 'logs:1', 'metrics:1', 'scores:1', 'spans:1'];
// [kind, class name]
const KINDS = [['cloud', 'CloudExporter'], ['platform', 'MastraPlatformExporter']];

// [name, drive, requests]; each ends with one line 'shutdown complete' and no other than debug lines.
const CASES = [
  ['once', ({ exporter }) => exporter.shutdown(), []],
  ['twice', async ({ exporter }) => { await exporter.shutdown(); await exporter.shutdown(); }, []],
  ['twice at once', async ({ exporter }) => {
    await sendAll(exporter);
    const [one, two] = [exporter.shutdown(), exporter.shutdown()];
    assert.deepEqual(await Promise.all([one, two]), [undefined, undefined]);
  }, ALL],
  ['a flush beside it', async ({ exporter }) => {
    await sendAll(exporter);
    await Promise.all([exporter.flush(), exporter.shutdown(), exporter.flush()]);
  }, ALL],
  ['a flush after it', async ({ exporter }) => { await sendAll(exporter); await exporter.shutdown(); await exporter.flush(); }, ALL],
  ['records after it are dropped and counted', async ({ exporter }) => {
    await sendAll(exporter);
    await exporter.shutdown();
    await sendAll(exporter);
    await traces.send(exporter, 'late');
    await exporter.flush();
    await exporter.shutdown();
    assert.deepEqual(signalStats(exporter).map(({ accepted, delivered, dropped: { shutdown } }) => [accepted, delivered, shutdown]),
      [[3, 1, 2], [2, 1, 1], [2, 1, 1], [2, 1, 1], [2, 1, 1]]);
  }, ALL],
  ['ignored events after it are not counted', async ({ exporter }) => {
    await exporter.shutdown();
    await exporter.exportTracingEvent(spanEvent(makeSpan(), 'span_started'));
    await exporter.exportTracingEvent(spanEvent(makeSpan('c', { type: 'model_chunk' })));
    assert.deepEqual([exporter.stats().traces.accepted, dropped(exporter, 'traces')], [0, 0]);
  }, []],
];

describe('shutdown', { concurrency: true }, () => {
  for (const [kind, exporterName] of KINDS) {
    for (const [name, drive, requests] of CASES) {
      test(`${name}, ${exporterName}`, async () => {
        const run = await runOurs({ kind, shutdown: false, drive });
        assert.deepEqual(batchSizes(run.requests), requests);
        const loud = run.calls.filter(({ level }) => level !== 'debug').map(({ level, args }) => [level, ...args]);
        assert.deepEqual(loud, [['info', `${exporterName} shutdown complete`]]);
      });
    }
  }

  // [name, answer]: what is left when the time is over is dropped, counted, and reported once.
  for (const [name, answer] of [['a collector that never answers', 'hang'], ['a collector that fails', { status: 503 }]]) {
    test(name, () => runOurs({
      options: { shutdownTimeoutMs: 200 },
      answer: () => answer,
      drive: async ({ exporter, logger, server }) => {
        await sendAll(exporter);
        await logs.send(exporter, 'another');
        await exporter.shutdown();
        assert.deepEqual(signalStats(exporter).map(({ dropped: { shutdown } }) => shutdown), [1, 2, 1, 1, 1]);
        const [[level, message, { droppedRecords, endpoint, cause }], ...rest] = lines(logger, 'undelivered');
        assert.deepEqual([level, droppedRecords, rest], ['warn', 6, []]);
        const failure = answer === 'hang' ? `; no answer yet from ${server.url}/ai/spans/publish` : `; last error from ${server.url}/ai/spans/publish: status 503 Service Unavailable`;
        assert.equal(message, `CloudExporter shutdown left 6 records undelivered${failure}`);
        assert.deepEqual([endpoint, cause], [`${server.url}/ai/spans/publish`, answer === 'hang' ? 'no answer yet' : 'Request failed with status: 503 Service Unavailable']);
        assert.deepEqual(lines(logger, 'shutdown complete'), COMPLETE);
        assert.deepEqual(logger.calls.at(-1).args, ['CloudExporter shutdown complete']);
        const seen = server.requests.length;
        await exporter.flush();
        assert.equal(server.requests.length, seen);
      },
    }));
  }

  test('a flush while it is under way waits for it', async () => {
    const order = [];
    let answer;
    const held = new Promise((resolve) => { answer = resolve; });
    await runOurs({
      answer: () => held,
      drive: async ({ exporter, server }) => {
        await logs.send(exporter, 'before');
        const ended = exporter.shutdown().then(() => order.push('shut down'));
        await server.waitFor(({ length }) => length === 1);
        const flushed = exporter.flush().then(() => order.push('flushed'));
        // A whole way to the engine and back: a flush with nothing to wait for would be over.
        await runOurs({ drive: ({ exporter: other }) => other.flush() });
        order.push('answered');
        answer({});
        await Promise.all([ended, flushed]);
        assert.deepEqual([order[0], order.length], ['answered', 3], `${order}`);
      },
    });
  });

  test('a formatter that never ends costs its own span only', () => runOurs({
    options: {
      shutdownTimeoutMs: 500,
      customSpanFormatter: (span) => (span.id === 'stuck' ? new Promise(() => {}) : span),
    },
    drive: async ({ exporter, server }) => {
      await traces.send(exporter, 'formatted');
      await logs.send(exporter, 'log');
      void traces.send(exporter, 'stuck');
      await exporter.shutdown();
      assert.deepEqual(batchSizes(server.requests), ['logs:1', 'spans:1']);
      assert.deepEqual([dropped(exporter, 'traces'), dropped(exporter, 'logs')], [0, 0]);
    },
  }));

  test('records exported while it is under way are dropped', async () => {
    let answer;
    const held = new Promise((resolve) => { answer = resolve; });
    await runOurs({
      answer: () => held,
      drive: async ({ exporter, server }) => {
        await logs.send(exporter, 'before');
        const ended = exporter.shutdown();
        await server.waitFor(({ length }) => length === 1);
        await logs.send(exporter, 'meanwhile');
        answer({});
        await ended;
        assert.equal(dropped(exporter, 'logs'), 1);
        assert.deepEqual(server.records('logs').map(({ logId }) => logId), ['before']);
      },
    });
  });

  test('no time at all', () => runOurs({
    options: { shutdownTimeoutMs: 0 },
    answer: () => 'hang',
    drive: async ({ exporter }) => {
      await sendAll(exporter);
      await exporter.shutdown();
      assert.deepEqual(signalStats(exporter).map(({ dropped: { shutdown } }) => shutdown), [1, 1, 1, 1, 1]);
    },
  }));

  test('breaks off a request that is under way', async () => {
    let aborted;
    const broken = new Promise((resolve) => { aborted = resolve; });
    await runOurs({
      options: { shutdownTimeoutMs: 200 },
      handler: (req, res) => res.once('close', aborted),
      drive: async ({ exporter }) => {
        await logs.send(exporter, 'l');
        await exporter.shutdown();
        await broken;
      },
    });
  });

  test('spans that a formatter holds are waited for', () => runOurs({
    options: { customSpanFormatter: (span) => new Promise((resolve) => setImmediate(() => resolve(span))) },
    drive: async ({ exporter, server }) => {
      void traces.send(exporter, 's');
      await exporter.shutdown();
      assert.deepEqual(server.records('spans').map(({ id }) => id), ['s']);
    },
  }));

  test('but not for ever, and are counted as dropped then', async () => {
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    await runOurs({
      options: { shutdownTimeoutMs: 50, customSpanFormatter: (span) => held.then(() => span) },
      drive: async ({ exporter, server }) => {
        const exported = traces.send(exporter, 's');
        await exporter.shutdown();
        release();
        await exported;
        assert.equal(dropped(exporter, 'traces'), 1);
        assert.deepEqual(server.requests, []);
      },
    });
  });
});

describe('flushTimeoutMs', { concurrency: true }, () => {
  for (const flushTimeoutMs of [0, 50]) {
    test(`${flushTimeoutMs}: what is undelivered stays`, () => runOurs({
      options: { flushTimeoutMs, shutdownTimeoutMs: 0 },
      answer: () => 'hang',
      drive: async ({ exporter }) => {
        await sendAll(exporter);
        await exporter.flush();
        for (const { queued, inFlight } of signalStats(exporter)) assert.equal(queued + inFlight, 1);
      },
    }));
  }

  test('the time that a formatter takes is taken off: this flush ends before one with half as much time again', () => runOurs({
    options: { flushTimeoutMs: 1000, shutdownTimeoutMs: 0, customSpanFormatter: () => new Promise(() => {}) },
    answer: () => 'hang',
    drive: async ({ exporter, server }) => {
      const other = new OurExporter({ accessToken: 't', endpoint: server.url, flushTimeoutMs: 1500, shutdownTimeoutMs: 0, logger: recordingLogger() });
      const order = [];
      await logs.send(exporter, 'l');
      await logs.send(other, 'l');
      void traces.send(exporter, 's');
      await Promise.all([
        exporter.flush().then(() => order.push('with a formatter')),
        other.flush().then(() => order.push('without')),
      ]);
      await other.shutdown();
      assert.deepEqual(order, ['with a formatter', 'without']);
    },
  }));

  test('holds for a formatter that never answers, too', () => runOurs({
    options: { flushTimeoutMs: 50, shutdownTimeoutMs: 0, customSpanFormatter: () => new Promise(() => {}) },
    drive: async ({ exporter }) => {
      void traces.send(exporter, 's');
      await exporter.flush();
    },
  }));
});
