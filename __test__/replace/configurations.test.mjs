// useNativeExporters and what an application has done to an exporter or its configuration: the records are those that the
// exporter would have sent without the call. configurations-off.test.mjs runs the same without the binary.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import * as peers from '@mastra/observability';
import { nativeBinding, useNativeExporters } from 'mastra-native-exporter';

import { startCollector } from '../../examples/demo/collector.mjs';
import { NEVER_MS } from '../support/both.mjs';
import { withEnv } from '../support/env.mjs';
import { makeSpan, spanEvent } from '../support/events.mjs';
import { recordingLogger } from '../support/logger.mjs';

const SECRET = 's3cret';
const redacted = (span) => ({ ...span, input: 'redacted' });

/** A configuration with everything on its prototype, and the values in a private field. */
class Settings {
  #values;
  constructor(values) { this.#values = values; }
  get accessToken() { return this.#values.accessToken; }
  get endpoint() { return this.#values.endpoint; }
  get maxBatchWaitMs() { return this.#values.maxBatchWaitMs; }
  get logger() { return this.#values.logger; }
  /** For derived classes. */
  get values() { return this.#values; }
}

// [name, what the constructor gets of the options, what happens before the call, what happens after it]
const KEPT = [
  ['customSpanFormatter as a method of a class', (options) => new (class extends Settings {
    customSpanFormatter(span) { return { ...span, input: `redacted for ${this.values.endpoint.length}` }; }
  })(options)],
  ['customSpanFormatter as a getter', (options) => new (class extends Settings { get customSpanFormatter() { return redacted; } })(options)],
  ['customSpanFormatter as a getter that changes its mind', (options) => new (class extends Settings {
    reads = 0;
    get customSpanFormatter() { return (span) => ({ ...span, input: `read ${(this.reads += 1) > 0}` }); }
  })(options)],
  ['customSpanFormatter set after the call', (options) => ({ ...options }), undefined, ({ config }) => { config.customSpanFormatter = redacted; }],
  ['customSpanFormatter set before the call', (options) => ({ ...options }), ({ config }) => { config.customSpanFormatter = redacted; }],
  ['customSpanFormatter removed after the call', (options) => ({ ...options, customSpanFormatter: redacted }), undefined, ({ config }) => { delete config.customSpanFormatter; }],
  ['another configuration set on the exporter before the call', (options) => options, ({ exporter }) => { exporter.baseConfig = { customSpanFormatter: redacted }; }],
  ['a frozen configuration', (options) => Object.freeze({ ...options, customSpanFormatter: redacted })],
];

// What the application has done decides about what is sent, and the new exporter would not know of it.
const LEFT = [
  ['applySpanFormatter set on the exporter', ({ exporter }) => { exporter.applySpanFormatter = async (event) => ({ ...event, exportedSpan: redacted(event.exportedSpan) }); }, 'its methods were replaced'],
  ['onTracingEvent set on the exporter', ({ exporter }) => {
    const { onTracingEvent } = exporter;
    exporter.onTracingEvent = (event) => onTracingEvent.call(exporter, { ...event, exportedSpan: redacted(event.exportedSpan) });
  }, 'its methods were replaced'],
  ['isDisabled defined on the exporter', ({ exporter }) => { Object.defineProperty(exporter, 'isDisabled', { get: () => true }); }, 'its methods were replaced'],
  ['setDisabled called', ({ exporter }) => { exporter.setDisabled('no consent'); }, 'it was disabled'],
];

async function run(Exporter, { configure, before, after, switches }) {
  const collector = await startCollector();
  const logger = recordingLogger();
  try {
    const config = configure({ accessToken: 'token', endpoint: collector.url, maxBatchWaitMs: NEVER_MS, logger });
    const exporter = withEnv({}, () => new Exporter(config));
    before?.({ exporter, config });
    const observability = new peers.Observability({ configs: { main: { serviceName: 'shop', exporters: [exporter] } } });
    const used = switches ? await useNativeExporters(observability) : undefined;
    after?.({ config });
    const [current] = observability.getDefaultInstance().getExporters();
    await current.onTracingEvent(spanEvent(makeSpan('span', { input: SECRET })));
    await current.shutdown();
    const spans = collector.records('spans').map(({ createdAt, ...span }) => span);
    return { spans, used, logger, current };
  } finally {
    await collector.close();
  }
}

for (const Exporter of [peers.CloudExporter, peers.MastraPlatformExporter]) {
  describe(`a ${Exporter.name}, ${nativeBinding.loaded ? 'native' : 'off'}`, { concurrency: 2 }, () => {
    for (const [name, configure, before, after] of KEPT) {
      test(name, async () => {
        const [without, using] = await Promise.all([false, true].map((switches) => run(Exporter, { configure, before, after, switches })));
        assert.equal(using.used.replaced.length, Number(nativeBinding.loaded));
        assert.equal(without.spans.length, 1);
        assert.deepEqual(using.spans.map(({ input }) => input), without.spans.map(({ input }) => input));
      });
    }

    for (const [name, before, reason] of LEFT) {
      test(`left alone: ${name}`, async () => {
        const { spans, used } = await run(Exporter, { configure: (options) => options, before, switches: true });
        assert.deepEqual(used.leftAlone.map((left) => left.reason), [nativeBinding.loaded ? reason : 'MASTRA_NATIVE_EXPORTER=off']);
        assert.deepEqual(spans.filter(({ input }) => input === SECRET), []);
      });
    }

    test('logger as a getter', async () => {
      const { logger } = await run(Exporter, { configure: (options) => new Settings(options), switches: true });
      assert.equal(logger.count(`${Exporter.name} shutdown complete`), nativeBinding.loaded ? 2 : 1);
    });

    for (const logLevel of ['debug', 'error', 3]) {
      test(`logLevel ${logLevel} as a getter`, async () => {
        const configure = (options) => new (class extends Settings {
          get logger() { return undefined; }
          get logLevel() { return logLevel; }
        })(options);
        const [without, using] = await Promise.all([false, true].map((switches) => run(Exporter, { configure, switches })));
        assert.equal(using.current.logger.level, without.current.logger.level);
      });
    }
  });
}
