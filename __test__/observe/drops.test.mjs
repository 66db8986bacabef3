// Each loss is a drop event of Mastra, and the counters of stats() agree with the events.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Mastra } from '@mastra/core/mastra';
import { Observability } from '@mastra/observability';
import { startCollector } from '../../examples/demo/collector.mjs';
import { NEVER_MS, runOurs } from '../support/both.mjs';
import { flushAll, makeSpan, sendAll, SIGNALS, spanEvent } from '../support/events.mjs';
import { recordingLogger } from '../support/logger.mjs';
import { OurExporter, SIDES } from '../support/sides.mjs';

const NAMES = { traces: 'tracing', logs: 'log', metrics: 'metric', scores: 'score', feedback: 'feedback' };
const PREFIXES = { cloud: 'CLOUD_EXPORTER', platform: 'MASTRA_PLATFORM_EXPORTER' };
const EXPORTERS = { cloud: 'mastra-cloud-observability-exporter', platform: 'mastra-platform-exporter' };
const { logs } = SIGNALS;

const twice = async (run) => {
  await flushAll(run);
  await flushAll(run);
};
const afterShutdown = async ({ exporter }) => {
  await exporter.shutdown();
  await sendAll(exporter);
};
const shutDownInVain = async ({ exporter }) => {
  await sendAll(exporter);
  await exporter.shutdown();
};
const long = (exporter, text) => Promise.all(Object.values(SIGNALS).map(({ send }) => send(exporter, 'big', { long: text })));
const disabled = { headers: { 'x-mastra-observability': 'disabled' } };

// [name, reason, records lost of each signal, scenario, only for this kind]
const CASES = [
  ['400', 'refused', 1, { answer: () => ({ status: 400 }), drive: flushAll }],
  ['an odd redirect', 'refused', 1, { answer: () => ({ status: 301 }), drive: flushAll }],
  ['500 to the end', 'retriesExhausted', 1, { options: { maxRetries: 1 }, answer: () => ({ status: 500 }), drive: flushAll }],
  ['no attempt at all', 'retriesExhausted', 1, { options: { maxRetries: 0 }, drive: flushAll }],
  ['a broken connection', 'retriesExhausted', 1, { options: { retryWindowMs: 0 }, answer: () => 'reset', drive: flushAll }],
  ['a time limit', 'retriesExhausted', 1, { options: { maxRetries: 1, requestTimeoutMs: 100 }, answer: () => 'hang', drive: flushAll }],
  ['401', 'authRejected', 1, { answer: () => ({ status: 401 }), drive: flushAll }],
  ['the cooldown after 403', 'authRejected', 2, { answer: () => ({ status: 403 }), drive: twice }],
  ['402', 'quotaPaused', 1, { answer: () => ({ status: 402 }), drive: flushAll }, 'platform'],
  ['the pause after disabled', 'quotaPaused', 2, { answer: () => disabled, drive: twice }, 'platform'],
  ['413 for one record', 'tooLargeForCollector', 1, { answer: () => ({ status: 413 }), drive: flushAll }],
  ['certainly more than maxRecordBytes', 'recordTooLarge', 1, { options: { maxRecordBytes: 1024 }, drive: ({ exporter }) => long(exporter, 'x'.repeat(2000)) }],
  // Fewer UTF-16 units than the limit, but more bytes: only the engine can tell.
  ['more than maxRecordBytes in UTF-8', 'recordTooLarge', 1, { options: { maxRecordBytes: 2048 }, drive: ({ exporter }) => long(exporter, '東'.repeat(900)) }],
  ['shutdown with a silent collector', 'shutdown', 1, { options: { shutdownTimeoutMs: 50 }, answer: () => 'hang', drive: shutDownInVain }],
  ['after shutdown', 'shutdown', 1, { drive: afterShutdown }],
];

function assertEvent({ error, timestamp, ...event }, kind, reason) {
  assert.equal(event.type, 'drop');
  assert.equal(event.reason, 'retry-exhausted');
  assert.equal(event.exporterName, EXPORTERS[kind]);
  assert.deepEqual(error, { id: `${PREFIXES[kind]}_DROPPED`, message: reason });
  assert.ok(timestamp instanceof Date && !Number.isNaN(timestamp.getTime()));
  assert.ok(Number.isInteger(event.count) && event.count > 0);
  assert.deepEqual(Object.keys(event).sort(), ['count', 'exporterName', 'reason', 'signal', 'type']);
}

/** Records lost by the events, by Mastra's signal names. */
function lostBy(events) {
  const lost = {};
  for (const { signal, count } of events) lost[signal] = (lost[signal] ?? 0) + count;
  return lost;
}

const lostInStats = (stats, reason) => Object.fromEntries(Object.keys(NAMES)
  .map((signal) => [NAMES[signal], stats[signal].dropped[reason]]).filter(([, count]) => count > 0));

describe('emitDropEvent', { concurrency: true }, () => {
  for (const kind of ['cloud', 'platform']) {
    for (const [name, reason, each, scenario, only = kind] of CASES) {
      if (only !== kind) continue;
      test(`${name}: ${reason}, ${kind}`, async () => {
        const events = [];
        const { result: stats } = await runOurs({ kind, ...scenario, drive: async (run) => {
          run.exporter.init({ emitDropEvent: (event) => events.push(event) });
          await scenario.drive(run);
          await run.exporter.shutdown();
          return run.exporter.stats();
        } });
        for (const event of events) assertEvent(event, kind, reason);
        const expected = Object.fromEntries(Object.values(NAMES).map((signal) => [signal, each]));
        assert.deepEqual(lostBy(events), expected);
        assert.deepEqual(lostInStats(stats, reason), expected);
        for (const { accepted, delivered, dropped } of Object.keys(NAMES).map((signal) => stats[signal])) {
          assert.equal(accepted, delivered + Object.values(dropped).reduce((sum, count) => sum + count));
        }
      });
    }
  }

  test('queueFull', async () => {
    // One request is in flight, which is all that an eighth of the queue allows, and cannot be called back. It counts
    // twice: its records, and the body that was made of them. Of four more records three fit beside it.
    let open;
    const opened = new Promise((resolve) => { open = resolve; });
    const events = [];
    await runOurs({
      options: { maxQueueBytes: 1 << 20, maxBatchSize: 1 },
      answer: () => opened,
      drive: async ({ exporter, server, logger }) => {
        exporter.init({ emitDropEvent: (event) => events.push(event) });
        const big = { long: 'x'.repeat(200_000) };
        await logs.send(exporter, 'held', big);
        await server.waitFor(({ length }) => length === 1);
        for (let i = 1; i <= 4; i++) await logs.send(exporter, `waits-${i}`, big);
        await logger.logged('CloudExporter queue is full, dropped the oldest records');
        open({});
        await exporter.flush();
        const { dropped, delivered } = exporter.stats().logs;
        assert.deepEqual([dropped.queueFull, delivered], [1, 4]);
        assert.ok(!server.requests.some(({ text }) => text.includes('"waits-1"')), 'the oldest that waited');
      },
    });
    assert.deepEqual(lostBy(events), { log: 1 });
    assertEvent(events[0], 'cloud', 'queueFull');
  });

  test('queueFull: a burst loses what does not fit, not all of it', () => runOurs({
    options: { maxQueueBytes: 1 << 20, maxBatchSize: 1 },
    drive: async ({ exporter }) => {
      const events = [];
      exporter.init({ emitDropEvent: (event) => events.push(event) });
      // One hand-over of 1.2 MB into an empty queue of 1 MB.
      for (let i = 0; i < 6; i++) void logs.send(exporter, `l${i}`, { long: 'x'.repeat(200_000) });
      await exporter.flush();
      const { accepted, delivered, dropped: { queueFull } } = exporter.stats().logs;
      assert.deepEqual([accepted, delivered + queueFull], [6, 6]);
      assert.equal(lostBy(events).log ?? 0, queueFull);
      assert.ok(delivered >= 3, `${delivered} of 6 delivered`);
    },
  }));

  test('engineFailed: a token that no header can carry', async () => {
    const events = [];
    await runOurs({ options: { accessToken: 'ключ' }, drive: async (run) => {
      run.exporter.init({ emitDropEvent: (event) => events.push(event) });
      await twice(run);
      await run.exporter.shutdown();
      const expected = Object.fromEntries(Object.values(NAMES).map((signal) => [signal, 2]));
      assert.deepEqual(lostInStats(run.exporter.stats(), 'engineFailed'), expected);
      for (const event of events) assertEvent(event, 'cloud', 'engineFailed');
      assert.deepEqual(lostBy(events), expected, 'each loss is an event');
    } });
  });

  test('nothing is emitted for what arrives, also after a retry', async () => {
    const events = [];
    await runOurs({ answer: (request, index) => ({ status: index === 0 ? 503 : 200 }), drive: async (run) => {
      run.exporter.init({ emitDropEvent: (event) => events.push(event) });
      await flushAll(run);
    } });
    assert.deepEqual(events, []);
  });

  // [name, options of init()]
  const CALLBACKS = [
    ['throws', { emitDropEvent: () => { throw new Error('alerting is down'); } }],
    ['throws nothing', { emitDropEvent: () => { throw undefined; } }],
    ['is missing', {}],
    ['is no function', { emitDropEvent: 'later' }],
  ];
  for (const [name, options] of CALLBACKS) {
    test(`a callback that ${name} disturbs nothing`, () => runOurs({
      answer: (request, index) => ({ status: index === 0 ? 400 : 200 }),
      drive: async ({ exporter, server }) => {
        exporter.init(options);
        await logs.send(exporter, 'refused');
        await exporter.flush();
        await logs.send(exporter, 'arrives');
        await exporter.flush();
        assert.deepEqual(server.records('logs').map(({ logId }) => logId), ['arrives']);
        await exporter.shutdown();
        await logs.send(exporter, 'late');
        assert.equal(exporter.stats().logs.dropped.shutdown, 1);
      },
    }));
  }

  test('a callback that exports by itself does not go round in circles', () => runOurs({
    answer: ({ segment }) => ({ status: segment === 'spans' ? 400 : 200 }),
    drive: async ({ exporter, server }) => {
      exporter.init({ emitDropEvent: ({ signal }) => void logs.send(exporter, `lost: ${signal}`) });
      await exporter.exportTracingEvent(spanEvent(makeSpan()));
      await exporter.flush();
      await exporter.flush();
      assert.deepEqual(server.records('logs').map(({ logId }) => logId), ['lost: tracing']);
    },
  }));
});

describe('through a real Mastra', { concurrency: true }, () => {
  for (const kind of ['cloud', 'platform']) {
    test(`${kind}: another exporter is told`, async () => {
      const collector = await startCollector({ answer: () => ({ status: 400 }) });
      const events = [];
      const options = { accessToken: 't', endpoint: collector.url, maxBatchWaitMs: NEVER_MS, logger: recordingLogger() };
      const exporter = new SIDES[kind].ours(options);
      const alerting = {
        name: 'alerting',
        exportTracingEvent: async () => {},
        onDroppedEvent: (event) => void events.push(event),
        flush: async () => {},
        shutdown: async () => {},
      };
      try {
        const observability = new Observability({ configs: { default: { serviceName: 's', exporters: [exporter, alerting] } } });
        const mastra = new Mastra({ observability, logger: false });
        await sendAll(exporter);
        await exporter.flush();
        await mastra.shutdown();
      } finally {
        await collector.close();
      }
      for (const event of events) assertEvent(event, kind, 'refused');
      // Mastra logs by itself, too, so the numbers are those of the exporter.
      assert.deepEqual(lostBy(events), lostInStats(exporter.stats(), 'refused'));
      assert.deepEqual(Object.keys(lostBy(events)).sort(), Object.values(NAMES).sort());
    });
  }

  test('two of ours: each names itself', async () => {
    const collector = await startCollector({ answer: ({ path }) => ({ status: path.startsWith('/projects/bad') ? 400 : 200 }) });
    const [events, logger] = [[], recordingLogger()];
    const options = { accessToken: 't', endpoint: collector.url, maxBatchWaitMs: NEVER_MS, logger };
    const good = new OurExporter(options);
    const bad = new SIDES.platform.ours({ ...options, projectId: 'bad' });
    good.onDroppedEvent = (event) => void events.push(event);
    try {
      const observability = new Observability({ configs: { default: { serviceName: 's', exporters: [good, bad] } } });
      const mastra = new Mastra({ observability, logger: false });
      for (const exporter of [good, bad]) await logs.send(exporter, 'l');
      await Promise.all([good.flush(), bad.flush()]);
      await mastra.shutdown();
    } finally {
      await collector.close();
    }
    assert.ok(events.length > 0);
    for (const event of events) assertEvent(event, 'platform', 'refused');
    assert.deepEqual(lostBy(events), lostInStats(bad.stats(), 'refused'));
    assert.equal(good.stats().logs.delivered, good.stats().logs.accepted);
  });
});
