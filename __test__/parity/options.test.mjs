// Options that change behaviour rather than addresses: formatter, log level, strange numbers.
import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { comparableRequests, runBoth, runOurs } from '../support/both.mjs';
import { withEnv } from '../support/env.mjs';
import { makeSpan, SIGNALS, spanEvent } from '../support/events.mjs';
import { comparableCalls } from '../support/logger.mjs';
import { OurExporter, PeerExporter } from '../support/sides.mjs';

const failing = () => {
  throw new Error('formatter failed');
};

// [name, customSpanFormatter, number of spans sent of three]
const FORMATTERS = [
  ['returns a new span', (span) => ({ ...span, name: 'renamed', extra: { a: 1 } }), 3],
  ['changes the span', (span) => Object.assign(span, { name: 'changed' }), 3],
  ['is async', async (span) => ({ ...span, name: 'later' }), 3],
  ['resolves after a while', (span) => new Promise((resolve) => setImmediate(() => resolve({ ...span, late: true }))), 3],
  ['returns a thenable', (span) => ({ then: (resolve) => resolve({ ...span, thenable: true }) }), 3],
  ['throws', failing, 3],
  ['rejects', async () => failing(), 3],
  ['throws for one span', (span) => (span.id === 's1' ? failing() : { ...span, ok: true }), 3],
  ['throws a text', () => { throw 'just text'; }, 3],
  ['makes a model_chunk of one', (span) => (span.id === 's1' ? { ...span, type: 'model_chunk' } : span), 2],
  ['makes a span of a model_chunk', (span) => ({ ...span, type: 'tool_call' }), 3],
  ['returns a span with toJSON', (span) => ({ ...span, toJSON() { return { id: this.id }; } }), 3],
  ['returns an empty object', () => ({}), 3],
  ['is not a function', 'formatter', 3],
  ['is null', null, 3],
];

describe('customSpanFormatter', { concurrency: true }, () => {
  for (const [name, customSpanFormatter, sent] of FORMATTERS) {
    test(name, async () => {
      const { peer, ours } = await runBoth({
        options: { customSpanFormatter },
        drive: async ({ exporter }) => {
          const type = name.includes('of a model_chunk') ? 'model_chunk' : 'agent_run';
          for (let i = 0; i < 3; i++) await exporter.exportTracingEvent(spanEvent(makeSpan(`s${i}`, { type })));
          await SIGNALS.logs.send(exporter, 'a formatter is for spans');
          await exporter.flush();
        },
      });
      const spans = peer.requests.find(({ segment }) => segment === 'spans').body.spans;
      assert.equal(spans.length, sent);
      assert.deepEqual(comparableRequests(ours.requests), comparableRequests(peer.requests));
      assert.deepEqual(comparableCalls(ours.calls), comparableCalls(peer.calls));
    });
  }

  test('is called for the same events with the same arguments', async () => {
    const { peer, ours } = await runBoth({
      drive: async ({ exporter, server, logger }) => {
        const calls = [];
        const formatting = new exporter.constructor({
          accessToken: 't', endpoint: server.url, logger, customSpanFormatter: (...args) => { calls.push(args); return args[0]; },
        });
        for (const type of ['span_started', 'span_updated', 'span_ended']) await formatting.exportTracingEvent(spanEvent(makeSpan(type), type));
        await formatting.exportTracingEvent(spanEvent(makeSpan('c', { type: 'model_chunk' })));
        await formatting.shutdown();
        return calls;
      },
    });
    assert.ok(peer.result.length > 0);
    assert.deepEqual(ours.result, peer.result);
  });
});

// The peer's flush does not see spans that a formatter still holds; ours waits for those exported before it.
describe('flush and an asynchronous formatter', { concurrency: true }, () => {
  const later = (span) => new Promise((resolve) => setImmediate(() => resolve({ ...span, late: true })));

  test('spans exported before the flush are delivered by it', async () => {
    await runOurs({
      options: { customSpanFormatter: later },
      drive: async ({ exporter, server }) => {
        for (let i = 0; i < 3; i++) void exporter.exportTracingEvent(spanEvent(makeSpan(`s${i}`)));
        await exporter.flush();
        assert.deepEqual(server.records('spans').map(({ id, late }) => [id, late]), [['s0', true], ['s1', true], ['s2', true]]);
      },
    });
  });

  test('spans exported after the call do not hold it up', async () => {
    let release;
    const held = new Promise((resolve) => {
      release = resolve;
    });
    await runOurs({
      options: { customSpanFormatter: (span) => (span.id === 'late' ? held.then(() => span) : later(span)) },
      drive: async ({ exporter, server }) => {
        void exporter.exportTracingEvent(spanEvent(makeSpan('early')));
        const flushed = exporter.flush();
        void exporter.exportTracingEvent(spanEvent(makeSpan('late')));
        await flushed;
        assert.deepEqual(server.records('spans').map(({ id }) => id), ['early']);
        release();
        await exporter.flush();
        assert.deepEqual(server.records('spans').map(({ id }) => id), ['early', 'late']);
      },
    });
  });
});

// Without a logger both write to the console, at the level that was asked for.
describe('logLevel', () => {
  for (const logLevel of [undefined, 'debug', 'info', 'warn', 'error', 'none', 'nonsense']) {
    test(`${logLevel}`, async () => {
      const written = async (CloudExporter) => {
        const lines = [];
        const methods = ['debug', 'info', 'log', 'warn', 'error'];
        const mocks = methods.map((method) => mock.method(console, method, (...args) => lines.push([method, ...args])));
        try {
          const disabled = withEnv({}, () => new CloudExporter({ logLevel }));
          await disabled.shutdown();
          const exporter = withEnv({}, () => new CloudExporter({ logLevel, accessToken: 't', endpoint: 'http://127.0.0.1:1', customSpanFormatter: failing }));
          await exporter.exportTracingEvent(spanEvent(makeSpan('s', { type: 'model_chunk' })));
          await exporter.shutdown();
        } finally {
          for (const { mock: restore } of mocks) restore.restore();
        }
        return lines.map(([method, text, fields]) => [method, text, fields?.spanId]);
      };
      const [peer, ours] = [await written(PeerExporter), await written(OurExporter)];
      assert.deepEqual(ours, peer);
    });
  }
});

// [name, maxRetries, attempts against a server that always fails]
const RETRIES = [
  ['0', 0, 0],
  ['-1', -1, 0],
  ['1', 1, 1],
  ['0.5', 0.5, 1],
  ['1.5', 1.5, 2],
  ["'1'", '1', 1],
  ["'2'", '2', 2],
  ["'many'", 'many', 0],
  ["''", '', 0],
  ['NaN', NaN, 0],
  ['true', true, 1],
  ['false', false, 0],
];

describe('maxRetries', { concurrency: true }, () => {
  for (const [name, maxRetries, attempts] of RETRIES) {
    test(`${name}: ${attempts} attempts`, async () => {
      const { peer, ours } = await runBoth({
        options: { maxRetries },
        answer: () => ({ status: 500 }),
        drive: async ({ exporter }) => { await SIGNALS.logs.send(exporter, 'l'); await exporter.flush(); },
      });
      assert.equal(peer.requests.length, attempts, 'the peer');
      assert.equal(ours.requests.length, attempts, 'ours');
      assert.deepEqual(comparableCalls(ours.calls), comparableCalls(peer.calls));
    });
  }
});
