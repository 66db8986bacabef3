// Telemetry must not take the application down: no input makes a method throw, and good spans arrive.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startCollector } from '../../examples/demo/collector.mjs';
import { NEVER_MS, runOurs } from '../support/both.mjs';
import { logEvent, makeSpan, sendAll, SIGNALS, spanEvent } from '../support/events.mjs';
import { OurExporter } from '../support/sides.mjs';

const fail = () => {
  throw new Error('a trap');
};
const TRAPS = Object.fromEntries(['get', 'has', 'ownKeys', 'getOwnPropertyDescriptor', 'getPrototypeOf'].map((trap) => [trap, fail]));
const throwingProxy = () => new Proxy({}, TRAPS);
const nest = (depth, wrap) => {
  let value = 1;
  for (let i = 0; i < depth; i++) value = wrap(value);
  return value;
};
const endless = () => ({ toJSON: () => ({ again: endless() }) });
const ended = (exportedSpan) => ({ type: 'span_ended', exportedSpan });

// [name, what is given to every method]
const ARGUMENTS = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['a number', () => 5],
  ['NaN', () => NaN],
  ['a text', () => 'span_ended'],
  ['a symbol', () => Symbol('s')],
  ['a BigInt', () => 1n],
  ['a function', () => () => {}],
  ['an empty object', () => ({})],
  ['an array', () => [spanEvent()]],
  ['a promise', () => Promise.resolve(spanEvent())],
  ['a Proxy that throws', throwingProxy],
  ['a revoked Proxy', () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; }],
  ['an event that throws at its type', () => ({ get type() { return fail(); } })],
  ['an event that throws at its record', () => ({ type: 'span_ended', get exportedSpan() { return fail(); }, get log() { return fail(); }, get metric() { return fail(); }, get score() { return fail(); }, get feedback() { return fail(); } })],
  ...[['no record', () => undefined], ['null', () => null], ['a number', () => 7], ['a text', () => 'span'], ['a symbol', () => Symbol('s')],
    ['a function', () => () => {}], ['a Proxy that throws', throwingProxy]].map(([name, make]) => (
    [`an event whose record is ${name}`, () => ({ type: 'span_ended', exportedSpan: make(), log: make(), metric: make(), score: make(), feedback: make() })])),
];

// [name, span]: well-formed events that are hard to encode.
const SPANS = [
  ['a frozen span', () => Object.freeze(makeSpan('hard'))],
  ['a getter on the span that throws', () => Object.defineProperty(makeSpan('hard'), 'late', { get: fail, enumerable: true })],
  ['an id that throws', () => Object.defineProperty(makeSpan('hard'), 'id', { get: fail, enumerable: true })],
  ['objects nested 100000 deep', () => makeSpan('hard', { input: nest(100_000, (value) => ({ value })) })],
  ['arrays nested 100000 deep', () => makeSpan('hard', { input: nest(100_000, (value) => [value]) })],
  ['a deep value beside a BigInt', () => makeSpan('hard', { input: [1n, nest(100_000, (value) => [value])] })],
  ['a toJSON without end', () => makeSpan('hard', { input: endless() })],
  ['an error whose message throws', () => makeSpan('hard', { input: { get a() { throw { get message() { return fail(); }, toString: fail }; } } })],
  ['a getter that throws undefined', () => makeSpan('hard', { input: { get a() { throw undefined; } } })],
  ['a getter that throws a symbol', () => makeSpan('hard', { input: { get a() { throw Symbol('s'); } } })],
  ['a span with a BigInt for an id', () => makeSpan('hard', { id: 5n, traceId: 6n })],
  ['a cycle to the span itself', () => { const span = makeSpan('hard'); span.metadata.span = span; return span; }],
];

const METHODS = ['exportTracingEvent', 'onTracingEvent', 'onLogEvent', 'onMetricEvent', 'onScoreEvent', 'onFeedbackEvent'];

// Calls without awaiting, as an application might, so that a synchronous throw fails the test as well.
async function callAll(exporter, make) {
  const results = METHODS.map((method) => exporter[method](make()));
  for (const result of results) assert.equal(await result, undefined);
}

async function goodSpansArrive({ exporter, server }, times = 2) {
  for (let i = 0; i < times; i++) await SIGNALS.traces.send(exporter, `good-${i}`);
  await exporter.flush();
  const ids = server.records('spans').map((span) => span?.spanId).filter((id) => String(id).startsWith('good-'));
  assert.deepEqual(ids, Array.from({ length: times }, (_, i) => `good-${i}`));
}

describe('arguments of every kind', { concurrency: true }, () => {
  for (const formatter of [undefined, (span) => span]) {
    for (const [name, make] of ARGUMENTS) {
      test(`${name}${formatter ? ', with a formatter' : ''}`, () => runOurs({
        options: { customSpanFormatter: formatter },
        drive: async (run) => {
          await callAll(run.exporter, make);
          await goodSpansArrive(run);
        },
      }));
    }
  }

  for (const answer of [undefined, null, 5, 'text', Symbol('s'), throwingProxy()]) {
    test(`a formatter that answers ${typeof answer === 'object' && answer ? 'a throwing Proxy' : String(answer)}`, () => runOurs({
      options: { customSpanFormatter: (span) => (span.id.startsWith('good') ? span : answer) },
      drive: async (run) => {
        assert.equal(await run.exporter.exportTracingEvent(spanEvent()), undefined);
        await goodSpansArrive(run);
      },
    }));
  }
});

test('a record is counted as dropped when the stack overflows while it is read', () => runOurs({
  drive: async ({ exporter }) => {
    const overflow = () => overflow();
    await exporter.exportTracingEvent({ type: 'span_ended', get exportedSpan() { return overflow(); } });
    await exporter.onLogEvent({ get log() { return overflow(); } });
    const { traces, logs } = exporter.stats();
    assert.deepEqual([traces.accepted, traces.dropped.unencodable, logs.accepted, logs.dropped.unencodable], [1, 1, 1, 1]);
  },
}));

describe('spans that are hard to carry', () => {
  for (const [name, make] of SPANS) {
    // Ours turns records into text when flush() is called or when the turn of the event loop ends.
    for (const turns of [0, 1]) {
      test(`${name}, ${turns === 0 ? 'flushed at once' : 'flushed a turn later'}`, () => runOurs({
        drive: async (run) => {
          assert.equal(await run.exporter.exportTracingEvent(ended(make())), undefined);
          await run.exporter.onLogEvent(logEvent('hard', { data: make() }));
          if (turns === 1) await new Promise((resolve) => setImmediate(resolve));
          await goodSpansArrive(run);
        },
      }));
    }
  }

  test('a frozen span stays as it is', async () => {
    const span = Object.freeze(makeSpan('frozen'));
    const { requests } = await runOurs({ drive: ({ exporter }) => exporter.exportTracingEvent(ended(span)) });
    assert.equal(requests[0].body.spans[0].spanId, 'frozen');
    assert.deepEqual(span, makeSpan('frozen'));
  });

  // The message of an error need not be text; only the value that threw it may be lost.
  for (const [name, message] of [['a symbol', Symbol('s')], ['an object that throws', { toString: fail }], ['without a prototype', Object.create(null)]]) {
    test(`an error whose message is ${name} costs one value`, () => runOurs({
      drive: async (run) => {
        const bad = { get bad() { throw Object.assign(new Error(), { message }); }, after: 1 };
        await run.exporter.exportTracingEvent(ended(makeSpan('hard', { input: bad })));
        await run.exporter.onLogEvent(logEvent('hard', { toJSON() { throw Object.assign(new Error(), { message }); } }));
        await goodSpansArrive(run);
        const [span] = run.server.records('spans');
        assert.deepEqual([span.spanId, span.output], ['hard', makeSpan().output]);
        assert.equal(span.input.after, 1);
        assert.match(span.input.bad, /^\[Throws: /);
        assert.equal(run.server.records('logs').length, 1);
        assert.equal(run.exporter.stats().logs.dropped.unencodable, 0);
      },
    }));
  }

  test('50 MB of text are dropped alone', () => runOurs({
    drive: async (run) => {
      await run.exporter.exportTracingEvent(ended(makeSpan('huge', { input: 'x'.repeat(50 << 20) })));
      await goodSpansArrive(run);
      assert.deepEqual(run.server.records('spans').map(({ id }) => id), ['good-0', 'good-1']);
      const { traceId } = makeSpan();
      assert.deepEqual(run.logger.calls.filter(({ level }) => level === 'warn').map(({ args }) => args), [
        ['Dropped a record that cannot be exported', { signal: 'traces', spanId: 'huge', traceId, reason: 'recordTooLarge' }],
      ]);
      assert.equal(run.exporter.stats().traces.dropped.recordTooLarge, 1);
    },
  }));

  test('50 MB of text arrive where maxRecordBytes allows it', () => runOurs({
    options: { maxRecordBytes: 64 << 20 },
    drive: async (run) => {
      await run.exporter.exportTracingEvent(ended(makeSpan('huge', { input: 'x'.repeat(50 << 20) })));
      await goodSpansArrive(run);
      assert.equal(run.server.records('spans').find(({ id }) => id === 'huge').input.length, 50 << 20);
    },
  }));

  test('more than the queue may hold', () => runOurs({
    options: { maxQueueBytes: 1 << 20 },
    drive: async (run) => {
      await run.exporter.exportTracingEvent(ended(makeSpan('huge', { input: 'x'.repeat(5 << 20) })));
      await run.exporter.flush();
      await goodSpansArrive(run);
    },
  }));
});

describe('a logger that throws', { concurrency: true }, () => {
  const throwing = Object.fromEntries(['debug', 'info', 'warn', 'error', 'trackException'].map((level) => [level, fail]));
  for (const [name, status] of [['delivery', 200], ['failure', 500], ['rejected credentials', 401]]) {
    test(name, async () => {
      const collector = await startCollector({ answer: () => ({ status }) });
      try {
        const exporter = new OurExporter({ accessToken: 't', endpoint: collector.url, maxBatchWaitMs: NEVER_MS, maxRetries: 1, logger: throwing });
        await sendAll(exporter);
        await exporter.exportTracingEvent(ended(makeSpan('big int', { input: 1n })));
        await exporter.exportTracingEvent(undefined);
        await exporter.flush();
        await exporter.shutdown();
        assert.equal(collector.requests.length, 5);
      } finally {
        await collector.close();
      }
    });
  }
});

describe('flush and shutdown never reject', { concurrency: true }, () => {
  for (const [name, answer] of [['500', { status: 500 }], ['401', { status: 401 }], ['reset', 'reset'], ['hang', 'hang']]) {
    test(name, () => runOurs({
      options: { maxRetries: 1, requestTimeoutMs: 300 },
      answer: () => answer,
      drive: async ({ exporter }) => {
        await sendAll(exporter);
        const results = await Promise.all([exporter.flush(), exporter.flush(), exporter.shutdown()]);
        assert.deepEqual(results, [undefined, undefined, undefined]);
      },
    }));
  }
});

// As with the peer, which notices at the first request.
test('an endpoint that is no URL costs its own signal only, and is said at once', () => runOurs({
  options: { logsEndpoint: 'grpc://127.0.0.1:4317' },
  drive: async ({ exporter, logger, server }) => {
    await sendAll(exporter);
    await exporter.flush();
    assert.deepEqual(server.requests.map(({ segment }) => segment).sort(), ['feedback', 'metrics', 'scores', 'spans']);
    assert.equal(exporter.stats().logs.dropped.refused, 1);
    assert.equal(logger.count('Batch upload failed after all retries, dropping batch'), 1);
  },
}));

test('many exporters: no warning of the process, all deliver', async () => {
  const warnings = [];
  const onWarning = (warning) => warnings.push(String(warning));
  process.on('warning', onWarning);
  const collector = await startCollector();
  try {
    const exporters = Array.from({ length: 30 }, () => new OurExporter({ accessToken: 't', endpoint: collector.url, maxBatchWaitMs: NEVER_MS }));
    for (const [i, exporter] of exporters.entries()) await SIGNALS.logs.send(exporter, `${i}`);
    await Promise.all(exporters.map((exporter) => exporter.flush()));
    assert.equal(collector.records('logs').length, 30);
    assert.deepEqual(warnings, []);
  } finally {
    process.off('warning', onWarning);
    await collector.close();
  }
});
