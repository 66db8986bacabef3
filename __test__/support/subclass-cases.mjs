// The cases of subclasses.test.mjs about derived classes: what the class does, and what is exported with it.
import { makeSpan, sendAll, SIGNALS, spanEvent } from './events.mjs';

const SECRET = 's3cret';
export const redacted = (span) => ({ ...span, input: 'redacted' });
/** An event whose span holds a secret. */
export const secretSpan = (id = 'span-1') => spanEvent(makeSpan(id, { input: SECRET }));
/** Resolves with the message of the error that the promise rejects with. */
export const rejection = (promise) => Promise.resolve(promise).then(() => undefined, (error) => error.message);
/** Returns a function and a promise that resolves when the function was called `count` times. */
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
/** A class with a name and a logger of its own. */
export const namedAndLogging = (Base) => class extends Base {
  name = 'own-name';
  constructor(config) {
    super(config);
    const { logger } = this;
    this.logger = { ...logger, warn: (text) => logger.warn(`own ${text}`) };
    this.setDisabled('later');
  }
};
export const failing = (message) => { throw new Error(message); };

/** [what it shows, members that it is about, scenario for `runBoth`; `drive` returns what is compared beside requests and log] */
export const SUBCLASS_CASES = [
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
    subclass: namedAndLogging,
    drive: ({ exporter }) => exporter.name,
  }],
  ['flush as a field that is set after records were exported: later records are held back', ['flush'], {
    options: { maxBatchSize: 5 },
    drive: async ({ exporter }) => {
      await sendAll(exporter, 'before');
      await exporter.flush();
      exporter.flush = async () => {};
      await sendAll(exporter, 'held');
    },
  }],
  ['a member called stats', [], {
    subclass: (Base) => class extends Base { stats = { sent: 1 }; },
    drive: async ({ exporter }) => {
      await sendAll(exporter);
      await exporter.flush();
      return exporter.stats;
    },
  }],
];
