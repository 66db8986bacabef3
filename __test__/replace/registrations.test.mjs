// Where useNativeExporters puts the new exporters, and what it leaves alone.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';

import { NoOpObservability } from '@mastra/core/observability';
import * as peers from '@mastra/observability';
import { CloudExporter, MastraPlatformExporter, useNativeExporters } from 'mastra-native-exporter';

import { startCollector } from '../../examples/demo/collector.mjs';
import { recordingLogger } from '../support/logger.mjs';

const { Observability, TestExporter } = peers;
const WARNING = 'useNativeExporters left exporters as they were';
const options = (more) => ({ accessToken: 's3cret-token', endpoint: 'http://127.0.0.1:1', logger: recordingLogger(), ...more });
const observe = (configs) => {
  const named = Object.entries(configs).map(([name, exporters]) => [name, { serviceName: 'shop', exporters }]);
  const observability = new Observability({ configs: Object.fromEntries(named), configSelector: () => named[0][0] });
  const logger = recordingLogger();
  observability.setLogger({ logger });
  logger.calls.length = 0;
  return { observability, logger };
};
const warnings = ({ calls }) => calls.filter(({ level }) => level === 'warn');
const classes = (exporters) => exporters.map(({ constructor }) => constructor);

describe('exporters are replaced in place', () => {
  test('in the configuration and on the bus, between the other exporters', async () => {
    const [first, last] = [new TestExporter(), new TestExporter()];
    const { observability, logger } = observe({ main: [first, new peers.CloudExporter(options()), new peers.MastraPlatformExporter(options()), last] });
    const { replaced, leftAlone } = await useNativeExporters(observability);

    const expected = [first, replaced[0].native, replaced[1].native, last];
    const instance = observability.getInstance('main');
    assert.deepEqual(classes(expected), [TestExporter, CloudExporter, MastraPlatformExporter, TestExporter]);
    for (const registered of [instance.getExporters(), instance.getConfig().exporters, instance.getObservabilityBus().getExporters()]) {
      assert.ok(registered.length === 4 && registered.every((exporter, index) => exporter === expected[index]));
    }
    assert.deepEqual(leftAlone, []);
    assert.deepEqual(warnings(logger), []);
  });

  test('in every instance, one for one', async () => {
    const shared = new peers.CloudExporter(options());
    const { observability } = observe({ a: [shared], b: [shared, new peers.CloudExporter(options())] });
    const { replaced } = await useNativeExporters(observability);
    assert.deepEqual(replaced.map(({ instanceName }) => instanceName), ['a', 'b', 'b']);
    assert.ok(replaced[0].native === replaced[1].native && replaced[1].native !== replaced[2].native);
  });

  test('also one that is registered on the bus alone', async () => {
    const { observability } = observe({ main: [new TestExporter()] });
    const bus = observability.getInstance('main').getObservabilityBus();
    bus.registerExporter(new peers.CloudExporter(options()));
    await useNativeExporters(observability);
    assert.deepEqual(classes(bus.getExporters()), [TestExporter, CloudExporter]);
  });

  test('and a second time there is nothing to replace', async () => {
    const { observability, logger } = observe({ main: [new peers.CloudExporter(options())] });
    await useNativeExporters(observability);
    const registered = observability.getInstance('main').getExporters();
    assert.deepEqual(await useNativeExporters(observability), { replaced: [], leftAlone: [] });
    assert.deepEqual(observability.getInstance('main').getExporters(), registered);
    assert.deepEqual(warnings(logger), []);
  });

  test('losses are announced to the other exporters', async (t) => {
    const collector = await startCollector({ answer: () => ({ status: 400 }) });
    t.after(() => collector.close());
    const drops = [];
    const alerting = Object.assign(new TestExporter(), { onDroppedEvent: (event) => { drops.push(event); } });
    const { observability } = observe({ main: [new peers.CloudExporter(options({ endpoint: collector.url })), alerting] });
    await useNativeExporters(observability);
    observability.getInstance('main').startSpan({ type: 'generic', name: 'work' }).end();
    await observability.flush();
    assert.deepEqual(drops.map(({ exporterName, count, error }) => [exporterName, count, error.message]), [['mastra-cloud-observability-exporter', 1, 'refused']]);
  });

  test('the new one writes to the logger of the old one, then to the one that Mastra sets', async () => {
    const [own, later] = [recordingLogger(), recordingLogger()];
    const observability = new Observability({ configs: { main: { serviceName: 'shop', exporters: [new peers.CloudExporter(options({ logger: own }))] } } });
    const { replaced: [{ native }] } = await useNativeExporters(observability);
    await native.onLogEvent(undefined);
    assert.equal(own.count('Ignored a malformed event'), 1);
    observability.setLogger({ logger: later });
    await native.onLogEvent(undefined);
    assert.equal(later.count('Ignored a malformed event'), 1);
  });
});

test('an old exporter whose collector never answers is waited for 30 s, not longer', { timeout: 20_000 }, async (t) => {
  // The builds for require(): there the mocked timer is also that of `node:timers/promises`.
  const require = createRequire(import.meta.url);
  const { Observability: Observing, CloudExporter: Peer } = require('@mastra/observability');
  const collector = await startCollector({ answer: () => 'hang' });
  t.after(() => collector.close());
  const observability = new Observing({ configs: { main: { serviceName: 'shop', exporters: [new Peer(options({ endpoint: collector.url, maxBatchSize: 1 }))] } } });
  observability.getDefaultInstance().startSpan({ type: 'generic', name: 'work' }).end();
  await collector.waitFor(({ length }) => length === 1);

  t.mock.timers.enable({ apis: ['setTimeout'] });
  let settled = false;
  const using = require('mastra-native-exporter').useNativeExporters(observability).finally(() => { settled = true; });
  t.mock.timers.tick(29_999);
  await new Promise(setImmediate);
  assert.equal(settled, false);
  t.mock.timers.tick(1);
  assert.equal((await using).replaced.length, 1);
});

describe('what cannot be read is left alone, with one warning', () => {
  class Renamed extends peers.CloudExporter { name = 'my-exporter'; }
  class Subclass extends peers.MastraPlatformExporter {}
  class Similar extends peers.BaseExporter {
    name = 'my-exporter';
    cloudConfig = new peers.CloudExporter(options()).cloudConfig;
  }
  const changed = (change) => {
    const exporter = new peers.CloudExporter(options());
    change(exporter);
    return exporter;
  };
  const CASES = [
    ['a subclass', () => new Subclass(options()), 'it is of a class of its own'],
    ['a subclass of another name', () => new Renamed(options()), 'it is of a class of its own'],
    ['one with such a field', () => new Similar(options()), 'it is of a class of its own'],
    ['a field of another name', () => changed((exporter) => { delete exporter.cloudConfig; }), 'its cloudConfig is not an object but undefined'],
    ['a missing address', () => changed((exporter) => { delete exporter.cloudConfig.scoresEndpoint; }), 'its cloudConfig.scoresEndpoint is not a string but undefined'],
    ['no base configuration', () => changed((exporter) => { exporter.baseConfig = null; }), 'its baseConfig is not an object but null'],
    ['a field that throws', () => changed((exporter) => Object.defineProperty(exporter, 'baseConfig', { get() { throw new Error('no'); } })), 'no'],
    ['an option of ours that is wrong', () => new peers.CloudExporter(options({ compression: 'zip' })), "CloudExporter compression must be 'none' or 'gzip', got 'zip'."],
  ];
  for (const [name, create, reason] of CASES) {
    test(name, async () => {
      const exporter = create();
      const { observability, logger } = observe({ main: [exporter, new peers.CloudExporter(options())] });
      const { replaced, leftAlone } = await useNativeExporters(observability);
      assert.deepEqual(leftAlone.map((left) => [left.instanceName, left.exporter === exporter, left.reason]), [['main', true, reason]]);
      assert.equal(replaced.length, 1, 'the other one is replaced');
      assert.equal(observability.getInstance('main').getExporters()[0], exporter);
      assert.deepEqual(warnings(logger).map(({ args }) => args), [[WARNING, { exporters: [{ exporterName: exporter.name, instanceName: 'main', reason }] }]]);
    });
  }

  test('it still delivers', async (t) => {
    const collector = await startCollector();
    t.after(() => collector.close());
    const { observability } = observe({ main: [new Subclass(options({ endpoint: collector.url }))] });
    await useNativeExporters(observability);
    observability.getInstance('main').startSpan({ type: 'generic', name: 'work' }).end();
    await observability.shutdown();
    assert.deepEqual(collector.records('spans').map(({ name }) => name), ['work']);
  });

  test('an instance of an unknown shape', async () => {
    const { observability } = observe({ main: [new TestExporter()] });
    const logger = recordingLogger();
    const exporter = new peers.CloudExporter(options({ logger }));
    observability.registerInstance('own', { getExporters: () => [exporter], getConfig: () => ({ exporters: [exporter] }) });
    const { leftAlone } = await useNativeExporters(observability);
    assert.deepEqual(leftAlone, [{ instanceName: 'own', exporter, reason: 'its instance has no event bus of a known shape' }]);
    assert.equal(warnings(logger).length, 1);
  });

  test('a configuration that is frozen', async () => {
    const { observability } = observe({ main: Object.freeze([new peers.CloudExporter(options())]) });
    const { leftAlone } = await useNativeExporters(observability);
    assert.deepEqual(leftAlone.map(({ reason }) => reason), ['the exporters of its instance are not an array that can be changed']);
    assert.deepEqual(classes(observability.getInstance('main').getObservabilityBus().getExporters()), [peers.CloudExporter]);
  });

  test('several of them, in several instances, are one warning, without the token', async () => {
    const { observability, logger } = observe({ a: [new Subclass(options()), new Renamed(options())], b: [new Subclass(options())] });
    const { leftAlone } = await useNativeExporters(observability);
    assert.equal(leftAlone.length, 3);
    assert.equal(warnings(logger).length, 1);
    assert.doesNotMatch(JSON.stringify(logger.calls), /s3cret/);
  });

  test('a logger that throws changes nothing', async () => {
    const { observability } = observe({ main: [new Subclass(options())] });
    observability.setLogger({ logger: { ...recordingLogger(), warn() { throw new Error('disk full'); } } });
    assert.equal((await useNativeExporters(observability)).leftAlone.length, 1);
  });
});

describe('what is no Observability', () => {
  test('an application without observability has nothing to replace, silently', async (t) => {
    const write = t.mock.method(console, 'warn', () => {});
    assert.deepEqual(await useNativeExporters(new NoOpObservability()), { replaced: [], leftAlone: [] });
    assert.equal(write.mock.callCount(), 0);
  });

  for (const given of [undefined, null, 5, { accessToken: 's3cret' }, { listInstances: () => { throw new Error('no'); } }]) {
    test(`${JSON.stringify(given)} is worth a warning`, async (t) => {
      const write = t.mock.method(console, 'warn', () => {});
      assert.deepEqual(await useNativeExporters(given), { replaced: [], leftAlone: [] });
      assert.equal(write.mock.callCount(), 1);
      assert.doesNotMatch(inspect(write.mock.calls[0].arguments), /s3cret/);
      assert.match(String(write.mock.calls[0].arguments[0]), /useNativeExporters expects the Observability of a Mastra application, got /);
    });
  }
});
