// Mastra 0.x: the exporter of @mastra/core 0.24.9 and ours, side by side in a project of that version.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { inspect } from 'node:util';

import { startCollector } from '../../examples/demo/collector.mjs';
import { both, ended } from '../support/both-0x.mjs';
import { withEnv } from '../support/env.mjs';
import { recordingLogger } from '../support/logger.mjs';
import { createProject } from '../support/mastra-0x.mjs';
import { startProxy } from '../support/proxy.mjs';

const project = createProject();
after(() => project.remove());
const exports = await project.load('entry.mjs');
const { CloudExporter, PeerExporter, MastraError } = exports;

describe('records', () => {
  const EVENTS = {
    'a whole span': ended(),
    'a child': ended({ parentSpanId: 'span-0', isRootSpan: false }),
    'only what a span must have': { type: 'span_ended', exportedSpan: { id: 'i', traceId: 't', name: 'n', type: 'generic', startTime: new Date(0), isEvent: false } },
    'undefined and null': ended({ endTime: undefined, attributes: undefined, metadata: null, input: undefined, output: null, errorInfo: null }),
    'false, zero and the empty string': ended({ parentSpanId: '', input: 0, output: '', metadata: false }),
    'an error': ended({ errorInfo: { message: 'no such order', id: 'ORDER', domain: 'AGENT', category: 'USER' } }),
    'an event': ended({ isEvent: true, endTime: undefined }),
    'a chunk of a model': ended({ type: 'model_chunk' }),
    'fields that are not sent': ended({ tags: ['a'], entityId: 'e', traceState: {} }),
    'nothing': { type: 'span_ended', exportedSpan: {} },
    'a span that starts': { ...ended(), type: 'span_started' },
    'a span that changes': { ...ended(), type: 'span_updated' },
  };
  for (const [name, event] of Object.entries(EVENTS)) {
    test(name, async () => {
      const { peer, ours } = await both(exports, { drive: (exporter) => exporter.exportEvent(event) });
      assert.equal(peer.requests.length, event.type === 'span_ended' ? 1 : 0);
      assert.deepEqual(ours, peer);
    });
  }

  test('createdAt is the time of the export', async () => {
    const before = Date.now();
    const collector = await startCollector();
    const exporter = new CloudExporter({ accessToken: 'token', endpoint: `${collector.url}/ai/spans/publish`, logger: recordingLogger() });
    await exporter.exportEvent(ended());
    await exporter.shutdown();
    await collector.close();
    const createdAt = Date.parse(collector.records('spans')[0].createdAt);
    assert.ok(createdAt >= before && createdAt <= Date.now());
  });
});

describe('configuration', () => {
  const CASES = {
    'endpoint': [(url) => ({ endpoint: `${url}/any/path?tenant=1` })],
    'endpoint of the environment': [{ endpoint: undefined }, (url) => ({ MASTRA_CLOUD_AI_TRACES_ENDPOINT: `${url}/env` })],
    'endpoint before the environment': [(url) => ({ endpoint: `${url}/mine` }), { MASTRA_CLOUD_AI_TRACES_ENDPOINT: 'http://127.0.0.1:1' }],
    'variables of 1.x are not asked': [{}, { MASTRA_CLOUD_TRACES_ENDPOINT: 'http://127.0.0.1:1', MASTRA_PROJECT_ID: 'p' }],
    'accessToken of the environment': [{ accessToken: undefined }, { MASTRA_CLOUD_ACCESS_TOKEN: 'env-token' }],
    'accessToken before the environment': [{}, { MASTRA_CLOUD_ACCESS_TOKEN: 'env-token' }],
    'no endpoint that works': [{ endpoint: 'http://127.0.0.1:1/', maxRetries: 1 }, {}, { withoutCause: true }],
  };
  for (const [name, [options, env, { withoutCause } = {}]] of Object.entries(CASES)) {
    test(name, async () => {
      const { peer, ours } = await both(exports, { options, env, drive: (exporter) => exporter.exportEvent(ended()) });
      // A network stack words freely why it could not connect.
      const seen = ({ calls, ...rest }) => ({ ...rest, calls: JSON.parse(JSON.stringify(calls, (key, value) => {
        if (key === 'endpoint' || key === 'attempts') return undefined;
        return withoutCause && key === 'cause' ? '' : value;
      })) });
      assert.deepEqual(seen(ours), seen(peer));
    });
  }

  for (const accessToken of [undefined, '', null]) {
    test(`without a token (${accessToken}) nothing is sent, and a warning says so`, async () => {
      const { peer, ours } = await both(exports, { options: { accessToken }, drive: (exporter) => exporter.exportEvent(ended()) });
      const [[level, text]] = peer.calls;
      // The peer goes on to advertise.
      assert.deepEqual(ours, { requests: [], calls: [[level, text.split('\n')[0], undefined]] });
    });
  }

  test('the default address is the one of the peer', async () => {
    const proxy = await startProxy({ refuse: 503 });
    const { HTTPS_PROXY } = process.env;
    process.env.HTTPS_PROXY = `http://${proxy.host}`;
    try {
      const options = { accessToken: 'token', maxRetries: 1, logger: recordingLogger() };
      const [peer, exporter] = withEnv({}, () => [new PeerExporter(options), new CloudExporter(options)]);
      await exporter.exportEvent(ended());
      await exporter.shutdown();
      assert.deepEqual(proxy.tunnels.map(({ target }) => target), [`${new URL(peer.config.endpoint).host}:443`]);
    } finally {
      if (HTTPS_PROXY === undefined) delete process.env.HTTPS_PROXY;
      else process.env.HTTPS_PROXY = HTTPS_PROXY;
      await proxy.close();
    }
  });

  for (const [endpoint, shown] of [['nope', "'nope'"], ['', "''"], ['ftp://host/', "'ftp://host/'"], [5, '5'], ['https://user:s3cret@host/', 'one with credentials']]) {
    test(`an endpoint that cannot work disables: ${inspect(endpoint)}`, async () => {
      const logger = recordingLogger();
      const exporter = new CloudExporter({ accessToken: 'token', endpoint, logger });
      await exporter.exportEvent(ended());
      await exporter.flush();
      await exporter.shutdown();
      assert.ok(exporter.isDisabled);
      assert.equal(exporter.stats().traces.accepted, 0);
      assert.deepEqual(logger.calls.map(({ level, args }) => [level, ...args]), [[
        'warn',
        `mastra-cloud-ai-tracing-exporter disabled: endpoint (or MASTRA_CLOUD_AI_TRACES_ENDPOINT) must be an http or https URL without credentials, got ${shown}.`,
      ]]);
    });
  }

  test('an option of ours that is wrong is refused by name', () => {
    assert.throws(() => new CloudExporter({ requestTimeoutMs: '10' }), (error) => {
      assert.ok(error instanceof MastraError);
      assert.equal(error.id, 'CLOUD_AI_TRACING_INVALID_OPTION');
      assert.match(error.message, /CloudExporter requestTimeoutMs must be an integer from 1 to 600000 \(ms\), got '10'/);
      return true;
    });
  });

  test('the token is in no dump of the exporter', async () => {
    const exporter = new CloudExporter({ accessToken: 's3cret-token', logger: recordingLogger() });
    assert.doesNotMatch(inspect(exporter, { depth: 10, showHidden: true }) + JSON.stringify(exporter), /s3cret/);
    await exporter.shutdown();
  });

  for (const logLevel of [undefined, 'debug', 'info', 'warn', 'error', 'silent', 'nonsense']) {
    test(`its own logger writes as the peer's does at ${logLevel}`, async (t) => {
      const lines = async (Exporter) => {
        const written = ['info', 'error'].map((method) => t.mock.method(console, method, () => {}));
        const collector = await startCollector();
        withEnv({}, () => new Exporter({ logLevel }));
        const exporter = new Exporter({ accessToken: 't', endpoint: `${collector.url}/ai/spans/publish`, logLevel });
        await exporter.exportEvent(ended());
        await exporter.shutdown();
        await collector.close();
        return written.map(({ mock }) => {
          mock.restore();
          return mock.calls.map(({ arguments: [text] }) => text.split('\n')[0]);
        });
      };
      assert.deepEqual(await lines(CloudExporter), await lines(PeerExporter));
    });
  }
});
