// Classes derived from the exporter of Mastra 0.x: which of their members are used, and when, compared with the
// exporter of @mastra/core 0.24.9. ai-tracing-subclasses-off.test.mjs runs the same without the binary.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { both, ended } from '../support/both-0x.mjs';
import { createProject } from '../support/mastra-0x.mjs';
import { namedAndLogging } from '../support/subclass-cases.mjs';

const project = createProject();
after(() => project.remove());
const exports = await project.load('entry.mjs');
const { BaseExporter, CloudExporter, PeerExporter, nativeBinding } = exports;
// The others are private in TypeScript.
const PUBLIC = ['constructor', '_exportEvent', 'flush', 'shutdown'];
const INNER = Object.getOwnPropertyNames(PeerExporter.prototype).filter((name) => !PUBLIC.includes(name));
const MODE = nativeBinding.loaded ? 'native' : 'off';

const span = (id) => ended({ id });
const redacted = (event) => ({ ...event, exportedSpan: { ...event.exportedSpan, input: 'redacted', output: 'redacted' } });
const rejection = (promise) => promise.then(() => undefined, (error) => error.message);
async function exportAll(exporter, ids) {
  for (const id of ids) await exporter.exportEvent(span(id));
}
/** `flush` is called with a function that flushes. */
const withFlush = {
  method: (Base, flush) => class extends Base { flush() { return flush(this, () => super.flush()); } },
  field: (Base, flush) => class extends Base { flush = () => flush(this, () => Base.prototype.flush.call(this)); },
};

/** [what it shows, members that it is about, scenario for `both`; what `drive` returns is compared beside requests and log] */
const CASES = [
  ['setDisabled in the constructor: nothing is sent', ['setDisabled', 'isDisabled'], {
    subclass: (Base) => class extends Base { constructor(config) { super(config); this.setDisabled('no consent'); } },
    drive: async (exporter) => {
      await exportAll(exporter, ['one']);
      await exporter.flush();
      return exporter.isDisabled;
    },
  }],
  ['setDisabled later: nothing more is taken', ['setDisabled', 'isDisabled', 'flush', 'shutdown'], {
    drive: async (exporter) => {
      await exportAll(exporter, ['sent']);
      await exporter.flush();
      exporter.setDisabled('no consent');
      await exportAll(exporter, ['refused']);
      await exporter.flush();
      return exporter.isDisabled;
    },
  }],
  ['setDisabled of a subclass', ['setDisabled'], {
    subclass: (Base) => class extends Base { setDisabled(reason) { super.setDisabled(`${reason} of the tenant`); } },
    drive: async (exporter) => {
      exporter.setDisabled('no consent');
      await exportAll(exporter, ['refused']);
      await exporter.flush();
    },
  }],
  ['isDisabled as a field with an accessor is asked at each span and at shutdown', ['isDisabled'], {
    subclass: (Base) => class extends Base {
      consent = true;
      constructor(config) {
        super(config);
        Object.defineProperty(this, 'isDisabled', { get: () => !this.consent, set() {} });
      }
    },
    drive: async (exporter) => {
      exporter.consent = false;
      await exportAll(exporter, ['refused']);
      exporter.consent = true;
      await exportAll(exporter, ['wanted']);
      await exporter.flush();
      exporter.consent = false;
    },
  }],
  ['isDisabled set: shutdown does nothing', ['isDisabled', 'shutdown'], {
    drive: async (exporter) => {
      await exportAll(exporter, ['waits']);
      exporter.isDisabled = true;
      await exporter.shutdown();
      exporter.logger.info('not sent by the first shutdown');
      exporter.isDisabled = false;
    },
  }],
  ['_exportEvent that redacts', ['_exportEvent', 'exportEvent'], {
    subclass: (Base) => class extends Base { async _exportEvent(event) { await super._exportEvent(redacted(event)); } },
    drive: (exporter) => exportAll(exporter, ['one', 'two']),
  }],
  ['_exportEvent as a field', ['_exportEvent'], {
    subclass: (Base) => class extends Base { _exportEvent = (event) => Base.prototype._exportEvent.call(this, redacted(event)); },
    drive: (exporter) => exportAll(exporter, ['one']),
  }],
  ['_exportEvent that leaves spans out', ['_exportEvent'], {
    subclass: (Base) => class extends Base { async _exportEvent(event) { if (event.exportedSpan.id !== 'out') await super._exportEvent(event); } },
    drive: (exporter) => exportAll(exporter, ['in', 'out']),
  }],
  ['_exportEvent that throws rejects, and nothing is sent', ['_exportEvent'], {
    subclass: (Base) => class extends Base { async _exportEvent() { throw new Error('cannot redact'); } },
    drive: (exporter) => rejection(exporter.exportEvent(span('one'))),
  }],
  ['exportEvent of a subclass', ['exportEvent'], {
    subclass: (Base) => class extends Base { exportEvent(event) { return super.exportEvent(redacted(event)); } },
    drive: (exporter) => exportAll(exporter, ['one']),
  }],
  ...Object.entries(withFlush).flatMap(([way, flushing]) => [
    [`flush as a ${way} is called when a batch is full, and by shutdown`, ['flush', 'shutdown'], {
      options: { maxBatchSize: 3 },
      subclass: (Base) => flushing(Base, async (exporter, flush) => {
        exporter.flushes = (exporter.flushes ?? 0) + 1;
        await flush();
        exporter.logger.info('flushed');
      }),
      shutdown: false,
      drive: async (exporter, { logger }) => {
        await exportAll(exporter, ['1', '2', '3', '4', '5', '6', '7']);
        await logger.logged('flushed', 2);
        const before = exporter.flushes;
        await exporter.shutdown();
        return [before, exporter.flushes];
      },
    }],
    [`flush as a ${way} is called by time`, ['flush'], {
      options: { maxBatchWaitMs: 5 },
      subclass: (Base) => flushing(Base, async (exporter, flush) => { await flush(); exporter.logger.info('flushed'); }),
      drive: async (exporter, { logger }) => {
        await exportAll(exporter, ['one']);
        await logger.logged('flushed');
      },
    }],
    [`flush as a ${way} that does not flush: nothing is sent`, ['flush', 'shutdown'], {
      options: { maxBatchSize: 3 },
      subclass: (Base) => flushing(Base, async (exporter) => { exporter.flushes = (exporter.flushes ?? 0) + 1; }),
      shutdown: false,
      drive: async (exporter) => {
        await exportAll(exporter, ['1', '2', '3']);
        await exporter.shutdown();
        return exporter.flushes;
      },
    }],
    [`flush as a ${way} that fails is logged: a batch is full`, ['flush', 'shutdown'], {
      options: { maxBatchSize: 2 },
      subclass: (Base) => flushing(Base, async () => { throw new Error('own flush'); }),
      drive: async (exporter, { logger }) => {
        await exportAll(exporter, ['1', '2']);
        await logger.logged('Batch flush failed');
      },
    }],
    [`flush as a ${way} that fails is logged: by time`, ['flush'], {
      options: { maxBatchWaitMs: 5 },
      subclass: (Base) => flushing(Base, async () => { throw new Error('own flush'); }),
      drive: async (exporter, { logger }) => {
        await exportAll(exporter, ['one']);
        await logger.logged('Scheduled flush failed');
      },
    }],
  ]),
  ['logger, name and __setLogger of a subclass', ['logger', 'name', '__setLogger', 'setDisabled'], {
    subclass: (Base) => class extends namedAndLogging(Base) {
      __setLogger(logger) { super.__setLogger({ ...logger, warn: (text) => logger.warn(`exchanged ${text}`) }); }
    },
    drive: (exporter, { logger }) => {
      exporter.__setLogger(logger);
      exporter.setDisabled('again');
      return exporter.name;
    },
  }],
  ['resolveLogLevel of a subclass', ['resolveLogLevel', 'constructor'], {
    options: { logger: undefined },
    subclass: (Base) => class extends Base { resolveLogLevel() { return 'error'; } },
    drive: (exporter) => exporter.logger.level,
  }],
  ['a member called stats, and shutdown', ['shutdown'], {
    subclass: (Base) => class extends Base {
      stats = { sent: 1 };
      async shutdown() { await super.shutdown(); this.down = true; }
    },
    shutdown: false,
    drive: async (exporter) => {
      await exportAll(exporter, ['one']);
      await exporter.shutdown();
      return [exporter.stats, exporter.down];
    },
  }],
];

// What is compared: the batches are the engine's own, and so are its lines at `debug` and of what a class has left unsent.
const OURS_ALONE = /^CloudExporter shutdown left \d+ records? undelivered$/;
const spansOf = (requests) => requests.flatMap(([, , , , text]) => JSON.parse(text).spans);
const linesOf = (calls) => calls.filter(([level, text]) => level !== 'debug' && !OURS_ALONE.test(text));

describe(`subclasses of the exporter of 0.x, ${MODE}`, { concurrency: true }, () => {
  for (const [name, , scenario] of CASES) {
    test(name, async () => {
      const { peer, ours } = await both(exports, scenario);
      assert.deepEqual(ours.result, peer.result);
      assert.deepEqual(spansOf(ours.requests), spansOf(peer.requests));
      assert.deepEqual(linesOf(ours.calls), linesOf(peer.calls));
    });
  }

  test('the one difference: after setDisabled a flush sends what waited there; here it is dropped and counted', async () => {
    const { peer, ours } = await both(exports, {
      drive: async (exporter) => {
        await exportAll(exporter, ['waits', 'too']);
        exporter.setDisabled('no consent');
        await exporter.flush();
        return exporter.stats?.().traces.dropped.shutdown;
      },
    });
    assert.deepEqual(spansOf(peer.requests).map(({ spanId }) => spanId), ['waits', 'too']);
    assert.deepEqual([spansOf(ours.requests).length, ours.result], nativeBinding.loaded ? [0, 2] : [2, 0]);
  });

  // TypeScript forbids to override these, JavaScript does not. One may redact, so that we do not send past it.
  for (const method of INNER) {
    for (const [way, subclass] of [['a method', (Base) => class extends Base { [method](...given) { return super[method](...given); } }],
      ['a field', (Base) => class extends Base { [method] = (...given) => Base.prototype[method].apply(this, given); }]]) {
      test(`${method} as ${way}: ${nativeBinding.loaded ? 'disabled with a warning that names it' : 'called'}`, async () => {
        const { peer, ours } = await both(exports, { subclass, drive: (exporter) => exportAll(exporter, ['one']) });
        assert.equal(spansOf(peer.requests).length, 1);
        if (!nativeBinding.loaded) return assert.deepEqual(spansOf(ours.requests), spansOf(peer.requests));
        const text = `mastra-cloud-ai-tracing-exporter disabled: its class overrides ${method}, which only the JavaScript exporter calls`;
        assert.deepEqual([ours.requests, linesOf(ours.calls)], [[], [['warn', text, undefined]]]);
      });
    }
  }
});

test('it is a BaseExporter of @mastra/core/ai-tracing', () => assert.ok(CloudExporter.prototype instanceof BaseExporter));

test('every member that a subclass may have in its own way is in a case', () => {
  const known = new Set([...CASES.flatMap(([, members]) => members), ...INNER]);
  const fields = Object.keys(new BaseExporter());
  const members = [BaseExporter, PeerExporter].flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype));
  assert.deepEqual([...members, ...fields].filter((name) => !known.has(name)), []);
});
