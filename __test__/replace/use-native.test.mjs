// useNativeExporters in real applications: what arrives, what is kept, what the switch costs.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';

import * as peers from '@mastra/observability';
import { CloudExporter, MastraPlatformExporter, useNativeExporters } from 'mastra-native-exporter';

import { createApp } from '../../examples/demo/app.mjs';
import { startCollector } from '../../examples/demo/collector.mjs';
import { NEVER_MS, comparableRequests } from '../support/both.mjs';
import { runFixture } from '../support/child.mjs';
import { withEnv } from '../support/env.mjs';
import { makeSpan, sendAll, spanEvent } from '../support/events.mjs';
import { recordingLogger } from '../support/logger.mjs';
import { startServer } from '../support/server.mjs';

const { Observability } = peers;
const PAIRS = [[peers.CloudExporter, CloudExporter], [peers.MastraPlatformExporter, MastraPlatformExporter]];
const SEGMENTS = ['spans', 'metrics', 'scores', 'feedback'];

async function collecting(t, options) {
  const collector = await startCollector(options);
  t.after(() => collector.close());
  return collector;
}

const observe = (...exporters) => new Observability({ configs: { main: { serviceName: 'shop', exporters } } });
const startSpan = (observability, name) => observability.getDefaultInstance().startSpan({ type: 'generic', name });
const spanNames = (collector) => collector.records('spans').map(({ name }) => name);

describe('an application with `default: { enabled: true }` and a token in the environment', () => {
  const create = (url) => withEnv(
    { MASTRA_PLATFORM_ACCESS_TOKEN: 'env-token', MASTRA_PLATFORM_OBSERVABILITY_ENDPOINT: url, MASTRA_PROJECT_ID: 'shop' },
    () => new Observability({ default: { enabled: true } }),
  );
  /** What a run of the app has sent, without what differs between two runs. */
  const sent = ({ requests, records }) => ({
    requests: [...new Set(requests.map(({ path, headers }) => `${path} ${headers.authorization} ${headers['x-mastra-observability-capabilities']}`))].sort(),
    records: SEGMENTS.map((segment) => records(segment).map(({ name, spanType, error }) => `${name} ${spanType} ${Boolean(error)}`).sort()),
  });

  async function runApp(t, prepare) {
    const collector = await collecting(t);
    const logger = recordingLogger();
    const observability = create(collector.url);
    const { mastra, run, replaced } = await prepare(observability, logger);
    await run();
    await mastra.shutdown();
    return { ...sent(collector), logger, replaced };
  }

  for (const [when, prepare] of [
    ['before', async (observability, logger) => {
      const { replaced } = await useNativeExporters(observability);
      return { ...createApp({ observability, logger }), replaced };
    }],
    ['after', async (observability, logger) => {
      const app = createApp({ observability, logger });
      const { replaced } = await useNativeExporters(app.mastra.observability);
      return { ...app, replaced };
    }],
  ]) {
    test(`sends through the engine what it sent through the peer; replaced ${when} new Mastra()`, async (t) => {
      const peer = await runApp(t, (observability, logger) => createApp({ observability, logger }));
      const ours = await runApp(t, prepare);

      assert.deepEqual(ours.requests, peer.requests);
      assert.deepEqual(ours.records, peer.records);
      assert.deepEqual(ours.replaced.map(({ instanceName, exporter }) => [instanceName, exporter.constructor]), [['default', peers.MastraPlatformExporter]]);
      const { native } = ours.replaced[0];
      assert.ok(native instanceof MastraPlatformExporter);
      assert.equal(native.stats().traces.delivered, ours.records[0].length);
      assert.ok(ours.logger.count('MastraPlatformExporter shutdown complete') >= 1, 'writes to the logger of the application');
    });
  }
});

for (const [Peer, Native] of PAIRS) {
  describe(`the configuration of a ${Peer.name}`, () => {
    const CASES = {
      'an origin and a project': ({ url }) => [{ endpoint: url, projectId: 'shop' }],
      'addresses of their own': ({ url }) => [{ tracesEndpoint: `${url}/a/spans/publish`, logsEndpoint: `${url}/b/logs/publish` }],
      'the environment as it was': ({ url }) => [{ accessToken: undefined }, {
        MASTRA_CLOUD_ACCESS_TOKEN: 'of-then', MASTRA_CLOUD_TRACES_ENDPOINT: `${url}/c/spans/publish`, MASTRA_PROJECT_ID: 'shop',
      }],
      'a small batch': ({ url }) => [{ endpoint: url, maxBatchSize: 2 }],
      'a formatter': ({ url }) => [{ endpoint: url, customSpanFormatter: async (span) => ({ ...span, name: `formatted ${span.name}` }) }],
      'no token': ({ url }) => [{ endpoint: url, accessToken: undefined }],
    };
    for (const [name, options] of Object.entries(CASES)) {
      test(`is kept: ${name}`, async (t) => {
        const requestsOf = async (prepare) => {
          const server = await startServer((request, response) => response.end('{}'));
          t.after(() => server.close());
          const [given, env = {}] = options(server);
          const peer = withEnv(env, () => new Peer({ accessToken: 'token', maxBatchWaitMs: NEVER_MS, logger: recordingLogger(), ...given }));
          const exporter = await prepare(peer);
          await sendAll(exporter);
          await exporter.shutdown();
          return comparableRequests(server.requests);
        };
        const native = await requestsOf(async (peer) => {
          const { replaced } = await withEnv(
            { MASTRA_CLOUD_ACCESS_TOKEN: 'of-now', MASTRA_PLATFORM_ACCESS_TOKEN: 'of-now', MASTRA_PROJECT_ID: 'a/b' },
            () => useNativeExporters(observe(peer)),
          );
          assert.equal(replaced[0].native.constructor, Native);
          assert.equal(replaced[0].native.isDisabled, peer.isDisabled);
          return replaced[0].native;
        });
        assert.deepEqual(native, await requestsOf((peer) => peer));
      });
    }

    test('the number of attempts is kept', async (t) => {
      const collector = await collecting(t, { answer: (request, index) => (index === 0 ? { status: 503 } : {}) });
      const peer = new Peer({ accessToken: 't', endpoint: collector.url, maxRetries: 1, maxBatchWaitMs: NEVER_MS, logger: recordingLogger() });
      const { replaced: [{ native }] } = await useNativeExporters(observe(peer));
      await native.exportTracingEvent(spanEvent());
      await native.shutdown();
      assert.equal(collector.requests.length, 1);
      assert.equal(native.stats().traces.dropped.retriesExhausted, 1);
    });
  });

  describe(`around the switch of a ${Peer.name}`, () => {
    const FORMATTERS = { 'no formatter': undefined, 'an asynchronous formatter': (span) => new Promise((resolve) => { setImmediate(resolve, span); }) };
    for (const [name, customSpanFormatter] of Object.entries(FORMATTERS)) {
      test(`nothing is lost or sent twice, with ${name}`, async (t) => {
        let letThrough;
        const held = new Promise((resolve) => { letThrough = resolve; });
        const collector = await collecting(t, { answer: async (request, index) => (index === 0 ? held : {}) });
        const options = { accessToken: 't', endpoint: collector.url, maxBatchWaitMs: NEVER_MS, logger: recordingLogger() };
        const observability = observe(new Peer({ ...options, ...(customSpanFormatter ? { customSpanFormatter } : {}) }));
        const open = startSpan(observability, 'open at the switch');
        startSpan(observability, 'long before').end();
        const flushing = observability.flush();
        await collector.waitFor(({ length }) => length === 1);
        startSpan(observability, 'right before').end();

        const using = useNativeExporters(observability);
        startSpan(observability, 'during').end();
        open.end();
        letThrough({});
        const { replaced: [{ exporter, native }] } = await using;
        assert.deepEqual(spanNames(collector).sort(), ['long before', 'right before'], 'the old one has sent what it had');
        startSpan(observability, 'after').end();
        await flushing;
        await observability.shutdown();

        assert.deepEqual(spanNames(collector).sort(), ['after', 'during', 'long before', 'open at the switch', 'right before']);
        assert.equal(native.stats().traces.delivered, 3);
        assert.equal(exporter.flushTimer, null);
      });
    }
  });

  test(`a span that a formatter of a ${Peer.name} still holds is waited for`, async (t) => {
    const collector = await collecting(t);
    const customSpanFormatter = (span) => new Promise((resolve) => { setImmediate(resolve, span); });
    const options = { accessToken: 't', endpoint: collector.url, maxBatchWaitMs: NEVER_MS, logger: recordingLogger(), customSpanFormatter };
    const observability = observe(new Peer(options));
    startSpan(observability, 'held').end();
    await useNativeExporters(observability);
    assert.deepEqual(spanNames(collector), ['held']);
  });

  test(`a process that has replaced its ${Peer.name} is not held`, async (t) => {
    const collector = await collecting(t);
    // The old exporter would wait for an hour: such a process is killed, and has no exit code.
    const { code, signal, stderr } = await runFixture('use-native.mjs', { URL: collector.url, EXPORTER: Peer.name });
    assert.deepEqual([code, signal], [0, null], stderr);
    assert.deepEqual(spanNames(collector).sort(), ['after', 'before']);
  });

  test(`fake timers do not hold the replacement of a ${Peer.name}`, async (t) => {
    const collector = await collecting(t);
    const peer = new Peer({ accessToken: 't', endpoint: collector.url, maxBatchWaitMs: NEVER_MS, logger: recordingLogger() });
    const observability = observe(peer);
    startSpan(observability, 'before').end();
    t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] });
    const { replaced } = await useNativeExporters(observability);
    startSpan(observability, 'after').end();
    await replaced[0].native.flush();
    t.mock.timers.reset();
    assert.deepEqual(spanNames(collector), ['before', 'after']);
  });

  test(`a ${Peer.name} of another copy of the package is replaced`, async (t) => {
    const collector = await collecting(t);
    const copy = createRequire(import.meta.url)('@mastra/observability');
    const OtherPeer = copy[Peer.name];
    assert.notEqual(OtherPeer, Peer);
    const exporter = new OtherPeer({ accessToken: 't', endpoint: collector.url, logger: recordingLogger() });
    const observability = new copy.Observability({ configs: { main: { serviceName: 'shop', exporters: [exporter] } } });
    const { replaced } = await useNativeExporters(observability);
    assert.deepEqual(replaced.map(({ native }) => native.constructor), [Native]);
    startSpan(observability, 'after').end();
    await observability.shutdown();
    assert.deepEqual(spanNames(collector), ['after']);
  });
}

test('without the binary everything is left alone, and nothing more is said about it', async () => {
  const { code, stdout, stderr } = await runFixture('use-native-off.mjs', { MASTRA_NATIVE_EXPORTER: 'off' });
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { replaced: 0, reasons: ['MASTRA_NATIVE_EXPORTER=off'] });
  assert.equal(stderr, '');
});
