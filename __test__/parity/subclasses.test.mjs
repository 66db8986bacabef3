// Classes derived from an exporter and objects given as its configuration: what of them is asked, and when, beside Mastra's
// JavaScript exporter. Most of it decides what leaves the process. subclasses-off.test.mjs runs the same without the binary.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { BaseExporter } from '@mastra/observability';
import { nativeBinding } from 'mastra-native-exporter';

import { runBoth, runOurs } from '../support/both.mjs';
import { CONFIGURATION_CASES } from '../support/configuration-object-cases.mjs';
import { sendAll, SIGNALS } from '../support/events.mjs';
import { comparableCalls } from '../support/logger.mjs';
import { PeerExporter, PeerPlatformExporter, SIDES } from '../support/sides.mjs';
import { failing, redacted, rejection, secretSpan, SUBCLASS_CASES } from '../support/subclass-cases.mjs';

const CASES = [...SUBCLASS_CASES, ...CONFIGURATION_CASES];

// The others are private in TypeScript.
const PUBLIC = ['constructor', 'flush', 'shutdown', '_exportTracingEvent', 'onLogEvent', 'onMetricEvent', 'onScoreEvent', 'onFeedbackEvent'];

const recordsOf = (requests) => requests.flatMap(({ text }) => Object.entries(JSON.parse(text))
  .flatMap(([segment, records]) => records.map((record) => `${segment} ${JSON.stringify({ ...record, createdAt: undefined })}`))).sort();
// What the JavaScript exporter has no line for; the engine says when it sends, and it says it of its own batches.
const OURS_ALONE = /^(CloudExporter|MastraPlatformExporter) shutdown left \d+ records? undelivered$/;
const linesOf = (calls) => comparableCalls(calls).filter(({ level, args: [text] }) => level !== 'debug' && !OURS_ALONE.test(text));

for (const kind of ['cloud', 'platform']) {
  describe(`subclasses and configuration of the ${kind} exporter, ${nativeBinding.loaded ? 'native' : 'off'}`, { concurrency: true }, () => {
    for (const [name, , scenario] of CASES) {
      test(name, async () => {
        const { peer, ours } = await runBoth({ kind, ...scenario });
        assert.deepEqual(ours.result, peer.result);
        assert.deepEqual(recordsOf(ours.requests), recordsOf(peer.requests));
        assert.deepEqual(linesOf(ours.calls), linesOf(peer.calls));
      });
    }

    test('after setDisabled what waited is counted as dropped, and the engine has ended its part', { skip: !nativeBinding.loaded }, async () => {
      const { result: { logs } } = await runOurs({
        kind,
        drive: async ({ exporter, logger }) => {
          for (let i = 0; i < 40; i++) await SIGNALS.logs.send(exporter, `${i}`);
          exporter.setDisabled('no consent');
          await logger.waitFor(() => logger.calls.some(({ args: [text] }) => OURS_ALONE.test(text)));
          return exporter.stats();
        },
      });
      assert.deepEqual([logs.accepted, logs.dropped.shutdown, logs.queued, logs.inFlight], [40, 40, 0, 0]);
    });

    test('records that the class has never flushed are counted as dropped by shutdown', { skip: !nativeBinding.loaded }, async () => {
      const { result, requests } = await runOurs({
        kind,
        subclass: (Base) => class extends Base { async flush() {} },
        drive: async ({ exporter }) => {
          await sendAll(exporter);
          await exporter.shutdown();
          return exporter.stats();
        },
      });
      assert.equal(requests.length, 0);
      for (const signal of Object.keys(SIGNALS)) {
        const { accepted, dropped, queued } = result[signal];
        assert.deepEqual([accepted, dropped.shutdown, queued], [1, 1, 0], signal);
      }
    });

    // A request cannot be recalled, but it is not repeated.
    for (const [name, answer] of [['hangs', () => 'hang'], ['has failed', () => ({ status: 503 })]]) {
      test(`setDisabled while a request ${name}: no other is sent, also by no other exporter`, { skip: !nativeBinding.loaded }, async () => {
        const { result: { logs, sent } } = await runOurs({
          kind,
          answer,
          drive: async ({ exporter, logger, server }) => {
            const other = new SIDES[kind].ours({ accessToken: 't', endpoint: server.url, logger, maxBatchWaitMs: 3_600_000 });
            await SIGNALS.logs.send(exporter, 'first');
            const flushed = exporter.flush();
            await server.waitFor(({ length }) => length === 1);
            await SIGNALS.logs.send(exporter, 'second');
            exporter.setDisabled('no consent');
            await flushed;
            await logger.waitFor(() => logger.calls.some(({ args: [text] }) => /^\w+ shutdown left \d records? undelivered/.test(text)));
            await SIGNALS.scores.send(other, 'of another exporter');
            const ending = other.shutdown();
            await server.waitFor(({ length }) => length > 1);
            const sent = server.requests.map(({ path }) => path.split('/').at(-2));
            await server.close();
            await ending;
            return { ...exporter.stats(), sent: new Set(sent) };
          },
        });
        assert.deepEqual([logs.accepted, logs.dropped.shutdown, logs.queued, logs.inFlight], [2, 2, 0, 0]);
        assert.deepEqual([...sent], ['logs', 'scores']);
      });
    }

    // The formatter may be what redacts, so a span must not pass without it.
    test('configuration: a formatter that cannot be read: no span is sent', async () => {
      const unreadable = { get customSpanFormatter() { return failing('unreadable'); } };
      const { requests } = await runOurs({
        kind,
        configure: (options) => Object.create(unreadable, Object.getOwnPropertyDescriptors(options)),
        drive: async ({ exporter }) => {
          await rejection(exporter.onTracingEvent(secretSpan()));
          await rejection(exporter.exportTracingEvent(secretSpan()));
          await exporter.flush();
        },
      });
      assert.deepEqual(recordsOf(requests), []);
    });

    // TypeScript forbids to override these, JavaScript does not. One may redact, so that we do not send past it.
    const Peer = SIDES[kind].peer;
    const inner = Object.getOwnPropertyNames(Peer.prototype).filter((name) => !PUBLIC.includes(name));
    for (const method of inner) {
      for (const [way, subclass] of [['a method', (Base) => class extends Base { [method](...given) { return super[method](...given); } }],
        ['a field', (Base) => class extends Base { [method] = (...given) => Base.prototype[method].apply(this, given); }]]) {
        test(`${method} as ${way}: ${nativeBinding.loaded ? 'disabled with a warning that names it' : 'called'}`, async () => {
          const { requests, calls } = await runOurs({ kind, subclass, drive: async ({ exporter }) => { await sendAll(exporter); await exporter.flush(); } });
          const warnings = calls.filter(({ level }) => level === 'warn').map(({ args: [text] }) => text);
          if (!nativeBinding.loaded) return assert.deepEqual([requests.length, warnings], [5, []]);
          const name = kind === 'cloud' ? 'mastra-cloud-observability-exporter' : 'mastra-platform-exporter';
          assert.deepEqual([requests.length, warnings], [0, [`${name} disabled: its class overrides ${method}, which only the JavaScript exporter calls`]]);
        });
      }
    }
  });
}

// An application without a class of its own may redact so.
test('applySpanFormatter replaced in the base class of Mastra after the exporters were loaded', async () => {
  const { applySpanFormatter } = BaseExporter.prototype;
  BaseExporter.prototype.applySpanFormatter = async (event) => ({ ...event, exportedSpan: redacted(event.exportedSpan) });
  try {
    for (const kind of ['cloud', 'platform']) {
      const { peer, ours } = await runBoth({
        kind,
        drive: async ({ exporter }) => {
          await exporter.onTracingEvent(secretSpan());
          await exporter.flush();
        },
      });
      assert.equal(ours.requests.length, 1);
      assert.deepEqual(recordsOf(ours.requests), recordsOf(peer.requests));
    }
  } finally {
    BaseExporter.prototype.applySpanFormatter = applySpanFormatter;
  }
});

test('every member that a subclass may have in its own way is in a case', () => {
  const known = new Set(CASES.flatMap(([, members]) => members));
  const members = [BaseExporter, PeerExporter, PeerPlatformExporter].flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype));
  const inner = [PeerExporter, PeerPlatformExporter].flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype)).filter((name) => !PUBLIC.includes(name));
  assert.deepEqual([...new Set(members)].filter((name) => !known.has(name) && !inner.includes(name)), []);
});

// Mastra's JavaScript exporter starts its flush timer anew where a class of this file never empties its buffer, which keeps
// the process alive, also with MASTRA_NATIVE_EXPORTER=off.
after(() => setImmediate(() => process.exit()));
