// Classes derived from an exporter and objects given as its configuration: what of them is asked, and when, beside Mastra's
// JavaScript exporter. Most of it decides what leaves the process. subclasses-off.test.mjs runs the same without the binary.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { BaseExporter } from '@mastra/observability';
import { nativeBinding } from 'mastra-native-exporter';

import { runBoth, runOurs } from '../support/both.mjs';
import { makeSpan, sendAll, SIGNALS, spanEvent } from '../support/events.mjs';
import { comparableCalls } from '../support/logger.mjs';
import { PeerExporter, PeerPlatformExporter, SIDES } from '../support/sides.mjs';

// The others are private in TypeScript.
const PUBLIC = ['constructor', 'flush', 'shutdown', '_exportTracingEvent', 'onLogEvent', 'onMetricEvent', 'onScoreEvent', 'onFeedbackEvent'];
const SECRET = 's3cret';
const redacted = (span) => ({ ...span, input: 'redacted' });
const secretSpan = (id = 'span-1') => spanEvent(makeSpan(id, { input: SECRET }));
const rejection = (promise) => Promise.resolve(promise).then(() => undefined, (error) => error.message);
/** Resolves after `count` calls of what it returns beside. */
function counter(count) {
  let calls = 0;
  const { promise, resolve } = Promise.withResolvers?.() ?? deferred();
  return [() => { if ((calls += 1) >= count) resolve(); return calls; }, promise];
}
function deferred() {
  let resolve;
  const promise = new Promise((done) => { resolve = done; });
  return { promise, resolve };
}
const failing = (message) => { throw new Error(message); };

/** [what it shows, members that it is about, scenario for `runBoth`; `drive` returns what is compared beside requests and log] */
const CASES = [
  ['setDisabled in the constructor: nothing is sent', ['setDisabled', 'isDisabled'], {
    subclass: (Base) => class extends Base { constructor(config) { super(config); this.setDisabled('no consent'); } },
    drive: async ({ exporter }) => {
      await sendAll(exporter);
      await exporter.flush();
      return exporter.isDisabled;
    },
  }],
  ['setDisabled later: what waits is not sent either', ['setDisabled', 'isDisabled', 'flush', 'shutdown'], {
    drive: async ({ exporter }) => {
      await sendAll(exporter, 'before');
      exporter.setDisabled('no consent', 'warn');
      await sendAll(exporter, 'after');
      exporter.onTracingEvent(spanEvent());
      await exporter.flush();
      return exporter.isDisabled;
    },
  }],
  ['setDisabled of a subclass that says nothing more', ['setDisabled'], {
    options: { accessToken: '' },
    subclass: (Base) => class extends Base { setDisabled(...given) { (this.constructor.given ??= []).push(given); } },
    drive: ({ exporter }) => exporter.constructor.given,
  }],
  ...[
    ['init', (Base) => class extends Base { init() { this.setDisabled('no consent'); } }, ({ exporter }) => exporter.init({})],
    ['its own onLogEvent', (Base) => class extends Base { onLogEvent(event) { this.setDisabled('no consent'); return super.onLogEvent(event); } }],
    ['its own flush', (Base) => class extends Base { flush() { this.setDisabled('no consent'); return super.flush(); } }],
    ['its own applySpanFormatter', (Base) => class extends Base { applySpanFormatter(event) { this.setDisabled('no consent'); return event; } }],
    ['its own _exportTracingEvent', (Base) => class extends Base { _exportTracingEvent(event) { this.setDisabled('no consent'); return super._exportTracingEvent(event); } }],
    ['customSpanFormatter', undefined, ({ exporter, config }) => { config.customSpanFormatter = (span) => { exporter.setDisabled('no consent'); return span; }; }],
    ['customSpanFormatter that answers later', undefined, ({ exporter, config }) => {
      config.customSpanFormatter = async (span) => { await new Promise((resolve) => { setImmediate(resolve); }); exporter.setDisabled('no consent'); return span; };
    }],
  ].map(([where, subclass, prepare]) => [`setDisabled in ${where}: nothing is sent`, ['setDisabled', 'isDisabled', 'init'], {
    subclass,
    drive: async (side) => {
      prepare?.(side);
      await sendAll(side.exporter);
      await side.exporter.flush();
      return side.exporter.isDisabled;
    },
  }]),
  ['setDisabled while a formatter has a span', ['setDisabled', 'applySpanFormatter'], {
    drive: async ({ exporter, config }) => {
      const { promise, resolve } = deferred();
      config.customSpanFormatter = async (span) => { await promise; return span; };
      const exporting = exporter.onTracingEvent(secretSpan());
      exporter.setDisabled('no consent');
      resolve();
      await exporting;
      await exporter.flush();
    },
  }],
  ['isDisabled of a subclass is asked at each record, flush and shutdown', ['isDisabled', 'flush'], {
    subclass: (Base) => class extends Base { get isDisabled() { return this.consent === false; } },
    drive: async ({ exporter }) => {
      exporter.consent = false;
      await sendAll(exporter, 'refused');
      exporter.consent = true;
      await sendAll(exporter, 'wanted');
      exporter.consent = false;
      await exporter.flush();
      exporter.consent = true;
      await exporter.flush();
      await sendAll(exporter, 'withdrawn');
      exporter.consent = false;
    },
  }],
  ['isDisabled of a subclass is asked when a batch is full', ['isDisabled'], {
    options: { maxBatchSize: 5 },
    subclass: (Base) => class extends Base { get isDisabled() { return this.consent === false; } },
    drive: async ({ exporter }) => {
      for (let i = 0; i < 4; i++) await exporter.onLogEvent({ type: 'log', log: { logId: `${i}` } });
      exporter.consent = false;
      await sendAll(exporter);
    },
  }],
  ['applySpanFormatter of a subclass', ['applySpanFormatter', 'exportTracingEvent', 'onTracingEvent'], {
    subclass: (Base) => class extends Base {
      async applySpanFormatter(event) { return { ...(await super.applySpanFormatter(event)), exportedSpan: redacted(event.exportedSpan) }; }
    },
    drive: async ({ exporter }) => {
      await exporter.exportTracingEvent(secretSpan('one'));
      await exporter.onTracingEvent(secretSpan('two'));
      await exporter.flush();
    },
  }],
  ['applySpanFormatter as a field, not asynchronous', ['applySpanFormatter'], {
    subclass: (Base) => class extends Base { applySpanFormatter = (event) => ({ ...event, exportedSpan: redacted(event.exportedSpan) }); },
    drive: async ({ exporter }) => {
      await exporter.onTracingEvent(secretSpan());
      await exporter.flush();
    },
  }],
  ['applySpanFormatter that throws: the span is not sent', ['applySpanFormatter', 'onTracingEvent'], {
    subclass: (Base) => class extends Base { async applySpanFormatter() { failing('cannot redact'); } },
    drive: async ({ exporter }) => {
      const messages = [await rejection(exporter.exportTracingEvent(secretSpan())), await rejection(exporter.onTracingEvent(secretSpan()))];
      await exporter.flush();
      return messages;
    },
  }],
  ...['applySpanFormatter', '_exportTracingEvent'].map((method) => [`${method} as a getter that throws: the span is not sent`, [method], {
    subclass: (Base) => Object.defineProperty(class extends Base {}.prototype, method, { get: () => failing('cannot redact') }).constructor,
    drive: async ({ exporter }) => {
      const messages = [await rejection(exporter.exportTracingEvent(secretSpan())), await rejection(exporter.onTracingEvent(secretSpan()))];
      await exporter.flush();
      return messages;
    },
  }]),
  ['applySpanFormatter as a getter', ['applySpanFormatter'], {
    subclass: (Base) => class extends Base { get applySpanFormatter() { return (event) => ({ ...event, exportedSpan: redacted(event.exportedSpan) }); } },
    drive: async ({ exporter }) => {
      await exporter.onTracingEvent(secretSpan());
      await exporter.flush();
    },
  }],
  ['_exportTracingEvent of a subclass', ['_exportTracingEvent'], {
    subclass: (Base) => class extends Base {
      async _exportTracingEvent(event) { await super._exportTracingEvent({ ...event, exportedSpan: redacted(event.exportedSpan) }); }
    },
    drive: async ({ exporter }) => {
      await exporter.onTracingEvent(secretSpan());
      await exporter.flush();
    },
  }],
  ['_exportTracingEvent that throws', ['_exportTracingEvent'], {
    subclass: (Base) => class extends Base { async _exportTracingEvent() { failing('own error'); } },
    drive: async ({ exporter }) => {
      const messages = [await rejection(exporter.exportTracingEvent(secretSpan())), await rejection(exporter.onTracingEvent(secretSpan()))];
      await exporter.flush();
      return messages;
    },
  }],
  ['exportTracingEvent of a subclass is what the bus reaches', ['exportTracingEvent', 'onTracingEvent'], {
    subclass: (Base) => class extends Base { exportTracingEvent(event) { return super.exportTracingEvent({ ...event, exportedSpan: redacted(event.exportedSpan) }); } },
    drive: async ({ exporter }) => {
      await exporter.onTracingEvent(secretSpan());
      await exporter.flush();
    },
  }],
  ['onLogEvent, onMetricEvent, onScoreEvent, onFeedbackEvent', ['onLogEvent', 'onMetricEvent', 'onScoreEvent', 'onFeedbackEvent'], {
    subclass: (Base) => class extends Base {
      onLogEvent({ log, ...rest }) { return super.onLogEvent({ ...rest, log: { ...log, message: 'redacted' } }); }
      onMetricEvent({ metric, ...rest }) { return super.onMetricEvent({ ...rest, metric: { ...metric, labels: {} } }); }
      async onScoreEvent() {}
      async onFeedbackEvent() { failing('no feedback'); }
    },
    drive: async ({ exporter }) => {
      for (const signal of ['logs', 'metrics', 'scores']) await SIGNALS[signal].send(exporter, signal);
      const message = await rejection(SIGNALS.feedback.send(exporter, 'feedback'));
      await exporter.flush();
      return message;
    },
  }],
  ...[['method', (Base, flush) => class extends Base { flush() { return flush(this, () => super.flush()); } }],
    ['field', (Base, flush) => class extends Base { flush = () => flush(this, () => Base.prototype.flush.call(this)); }],
  ].flatMap(([way, withFlush]) => [
    [`flush as a ${way} is called when a batch is full, and by shutdown`, ['flush', 'shutdown'], {
      options: { maxBatchSize: 3 },
      subclass: (Base) => withFlush(Base, (exporter, flush) => { exporter.flushes = (exporter.flushes ?? 0) + 1; return flush(); }),
      shutdown: false,
      drive: async ({ exporter }) => {
        for (let i = 0; i < 7; i++) await exporter.onLogEvent({ type: 'log', log: { logId: `${i}` } });
        const before = exporter.flushes;
        await exporter.shutdown();
        return [before, exporter.flushes];
      },
    }],
    [`flush as a ${way} is called by time`, ['flush'], {
      options: { maxBatchWaitMs: 5 },
      subclass: (Base) => withFlush(Base, (exporter, flush) => { exporter.flushed(); return flush(); }),
      drive: async ({ exporter, server }) => {
        const [flushed, asked] = counter(1);
        exporter.flushed = flushed;
        const alive = setInterval(() => {}, 1000);
        await sendAll(exporter);
        await asked;
        clearInterval(alive);
        await exporter.flush();
        return server.requests.length;
      },
    }],
    [`flush as a ${way} that does not flush: nothing is sent`, ['flush', 'shutdown'], {
      options: { maxBatchSize: 3 },
      subclass: (Base) => withFlush(Base, async (exporter) => { exporter.flushes = (exporter.flushes ?? 0) + 1; }),
      shutdown: false,
      drive: async ({ exporter }) => {
        for (let i = 0; i < 5; i++) await exporter.onLogEvent({ type: 'log', log: { logId: `${i}` } });
        await exporter.shutdown();
        return exporter.flushes;
      },
    }],
    [`flush as a ${way} that fails is logged: a batch is full`, ['flush', 'shutdown'], {
      options: { maxBatchSize: 2 },
      subclass: (Base) => withFlush(Base, async () => failing('own flush')),
      drive: async ({ exporter, logger }) => {
        for (let i = 0; i < 2; i++) await exporter.onLogEvent({ type: 'log', log: { logId: `${i}` } });
        await logger.logged('Batch flush failed');
      },
    }],
    [`flush as a ${way} that fails is logged: by time`, ['flush'], {
      options: { maxBatchWaitMs: 5 },
      subclass: (Base) => withFlush(Base, async () => failing('own flush')),
      drive: async ({ exporter, logger }) => {
        const alive = setInterval(() => {}, 1000);
        await exporter.onLogEvent({ type: 'log', log: { logId: '1' } });
        await logger.waitFor(() => logger.calls.some(({ args: [text] }) => text === 'Scheduled flush failed'));
        clearInterval(alive);
      },
    }],
  ]),
  ['flush set on the exporter later', ['flush'], {
    options: { maxBatchSize: 2 },
    shutdown: false,
    drive: async ({ exporter }) => {
      const { flush } = exporter;
      let flushes = 0;
      exporter.flush = () => { flushes += 1; return flush.call(exporter); };
      for (let i = 0; i < 5; i++) await exporter.onLogEvent({ type: 'log', log: { logId: `${i}` } });
      await exporter.shutdown();
      return flushes;
    },
  }],
  ['shutdown, init, addScoreToTrace and __setLogger of a subclass', ['shutdown', 'init', 'addScoreToTrace', '__setLogger', 'logger'], {
    subclass: (Base) => class extends Base {
      init() { this.ready = true; }
      __setLogger(logger) { super.__setLogger({ ...logger, debug() {}, info: (text) => logger.info(`own ${text}`) }); }
      async shutdown() { await super.shutdown(); this.down = true; }
    },
    shutdown: false,
    drive: async ({ exporter, logger }) => {
      exporter.init({});
      exporter.__setLogger(logger);
      await sendAll(exporter);
      await exporter.shutdown();
      return [exporter.ready, exporter.down, exporter.addScoreToTrace];
    },
  }],
  ['name and logger of a subclass', ['name', 'logger'], {
    subclass: (Base) => class extends Base {
      name = 'own-name';
      constructor(config) {
        super(config);
        const { logger } = this;
        this.logger = { ...logger, warn: (text) => logger.warn(`own ${text}`) };
        this.setDisabled('later');
      }
    },
    drive: ({ exporter }) => exporter.name,
  }],
  ['a member called stats', [], {
    subclass: (Base) => class extends Base { stats = { sent: 1 }; },
    drive: async ({ exporter }) => {
      await sendAll(exporter);
      await exporter.flush();
      return exporter.stats;
    },
  }],
  ['baseConfig is the object that was given', ['baseConfig', 'constructor'], { drive: ({ exporter, config }) => exporter.baseConfig === config }],
  ['configuration: a formatter set later, exchanged, removed', ['baseConfig', 'applySpanFormatter'], {
    drive: async ({ exporter, config }) => {
      await exporter.onTracingEvent(secretSpan('none'));
      config.customSpanFormatter = redacted;
      await exporter.onTracingEvent(secretSpan('redacted'));
      config.customSpanFormatter = (span) => ({ ...span, name: 'renamed' });
      await exporter.onTracingEvent(secretSpan('renamed'));
      delete config.customSpanFormatter;
      await exporter.onTracingEvent(secretSpan('none again'));
      await exporter.flush();
    },
  }],
  ...[
    ['frozen', (options) => Object.freeze({ ...options, customSpanFormatter: redacted })],
    ['without a prototype', (options) => Object.assign(Object.create(null), options, { customSpanFormatter: redacted })],
    ['a proxy', (options) => new Proxy({}, {
      get: (_, name) => (name === 'customSpanFormatter' ? redacted : options[name]),
      has: (_, name) => name === 'customSpanFormatter' || name in options,
    })],
  ].map(([what, configure]) => [`configuration: ${what}`, ['baseConfig'], {
    configure,
    drive: async ({ exporter }) => {
      await exporter.exportTracingEvent(secretSpan('one'));
      await exporter.onTracingEvent(secretSpan('two'));
      await exporter.flush();
    },
  }]),
  ['configuration: methods and accessors of a class, with private fields', ['baseConfig', 'logger'], {
    configure: (options) => new (class {
      #options = options;
      #word = 'redacted by the class';
      get accessToken() { return this.#options.accessToken; }
      get endpoint() { return this.#options.endpoint; }
      get maxBatchWaitMs() { return this.#options.maxBatchWaitMs; }
      get logger() { return this.#options.logger; }
      customSpanFormatter(span) { return { ...span, input: this.#word }; }
    })(),
    drive: async ({ exporter }) => {
      await exporter.exportTracingEvent(secretSpan('one'));
      await exporter.onTracingEvent(secretSpan('two'));
      await exporter.flush();
    },
  }],
  ['configuration: a formatter that an accessor makes', ['baseConfig'], {
    configure: (options) => Object.create({ get customSpanFormatter() { return redacted; } }, Object.getOwnPropertyDescriptors(options)),
    drive: async ({ exporter }) => {
      await exporter.onTracingEvent(secretSpan());
      await exporter.flush();
    },
  }],
  ...['debug', 'error', 3].map((level) => [`configuration: logLevel ${level} of an accessor`, ['resolveLogLevel', 'logger'], {
    configure: ({ logger, ...options }) => Object.create({ get logLevel() { return level; } }, Object.getOwnPropertyDescriptors({ ...options, accessToken: '' })),
    drive: ({ exporter }) => exporter.logger.level,
  }]),
];

const recordsOf = (requests) => requests.flatMap(({ text }) => Object.entries(JSON.parse(text))
  .flatMap(([segment, records]) => records.map((record) => `${segment} ${JSON.stringify({ ...record, createdAt: undefined })}`))).sort();
// What the JavaScript exporter has no line for; the engine says when it sends, and it says it of its own batches.
const OURS_ALONE = /^(CloudExporter|MastraPlatformExporter) shutdown left \d+ records undelivered$/;
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
            await logger.waitFor(() => logger.calls.some(({ args: [text] }) => /^\w+ shutdown left \d records undelivered/.test(text)));
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
