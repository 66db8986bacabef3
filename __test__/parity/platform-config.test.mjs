// MastraPlatformExporter: options and environment, what the constructor throws at, what identifies it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BaseExporter } from '@mastra/observability';
import { CONFIG_CASES, outcome } from '../support/config-cases.mjs';
import { withEnv } from '../support/env.mjs';
import { sendAll } from '../support/events.mjs';
import { recordingLogger, withoutTokenWarning } from '../support/logger.mjs';
import { OurPlatformExporter, PeerPlatformExporter } from '../support/sides.mjs';

const TOKEN = 'MASTRA_PLATFORM_ACCESS_TOKEN';
const CLOUD_TOKEN = 'MASTRA_CLOUD_ACCESS_TOKEN';
const PROJECT = 'MASTRA_PROJECT_ID';
const TRACES = 'MASTRA_CLOUD_TRACES_ENDPOINT';
const ENDPOINT = 'MASTRA_PLATFORM_OBSERVABILITY_ENDPOINT';
const NOWHERE = 'http://127.0.0.1:1';

// [name, (url) => [options, environment], what the collector sees of spans: path and token; a missing one: disabled,
// 'throws <id>': the constructor]. The last column says what the contract is, not only that both agree.
const spans = (path, token = 'token') => `${path}/spans/publish Bearer ${token}`;
const noToken = { accessToken: undefined };
const OWN_CASES = [
  ['the platform token', (url) => [{ endpoint: url, ...noToken }, { [TOKEN]: 'p' }], spans('/ai', 'p')],
  ['the cloud token', (url) => [{ endpoint: url, ...noToken }, { [CLOUD_TOKEN]: 'c' }], spans('/ai', 'c')],
  ['the platform token before the cloud token', (url) => [{ endpoint: url, ...noToken }, { [TOKEN]: 'p', [CLOUD_TOKEN]: 'c' }], spans('/ai', 'p')],
  ['an empty platform token is none', (url) => [{ endpoint: url, ...noToken }, { [TOKEN]: '', [CLOUD_TOKEN]: 'c' }], spans('/ai', 'c')],
  ['the option before both tokens', (url) => [{ endpoint: url, accessToken: 'o' }, { [TOKEN]: 'p', [CLOUD_TOKEN]: 'c' }], spans('/ai', 'o')],
  ['an empty option is none', (url) => [{ endpoint: url, accessToken: '' }, { [TOKEN]: 'p' }], spans('/ai', 'p')],
  ['a null option is none', (url) => [{ endpoint: url, accessToken: null }, { [TOKEN]: 'p' }], spans('/ai', 'p')],
  ['empty tokens everywhere', (url) => [{ endpoint: url, accessToken: '' }, { [TOKEN]: '', [CLOUD_TOKEN]: '' }], undefined],
  ['no token', (url) => [{ endpoint: url, ...noToken }], undefined],
  ['resolveFromEnv true', (url) => [{ endpoint: url, ...noToken, resolveFromEnv: true }, { [TOKEN]: 'p' }], spans('/ai', 'p')],
  ['resolveFromEnv undefined', (url) => [{ endpoint: url, ...noToken, resolveFromEnv: undefined }, { [TOKEN]: 'p' }], spans('/ai', 'p')],
  ['resolveFromEnv null', (url) => [{ endpoint: url, ...noToken, resolveFromEnv: null }, { [TOKEN]: 'p' }], spans('/ai', 'p')],
  ['resolveFromEnv false: no token', (url) => [{ endpoint: url, ...noToken, resolveFromEnv: false }, { [TOKEN]: 'p', [CLOUD_TOKEN]: 'c' }], undefined],
  ['resolveFromEnv 0: no token', (url) => [{ endpoint: url, ...noToken, resolveFromEnv: 0 }, { [TOKEN]: 'p' }], undefined],
  ['resolveFromEnv false: no project', (url) => [{ endpoint: url, resolveFromEnv: false }, { [PROJECT]: 'env' }], spans('/ai')],
  ['resolveFromEnv false: an invalid project does no harm', (url) => [{ endpoint: url, resolveFromEnv: false }, { [PROJECT]: 'a/b' }], spans('/ai')],
  ['resolveFromEnv false: no address', (url) => [{ endpoint: url, resolveFromEnv: false }, { [TRACES]: NOWHERE, [ENDPOINT]: NOWHERE }], spans('/ai')],
  ['resolveFromEnv false: options count', (url) => [{ tracesEndpoint: url, projectId: 'mine', resolveFromEnv: false }, { [PROJECT]: 'env' }], spans('/projects/mine/ai')],
  ['the project', (url) => [{ endpoint: url }, { [PROJECT]: 'env-1' }], spans('/projects/env-1/ai')],
  ['an empty project is none', (url) => [{ endpoint: url }, { [PROJECT]: '' }], spans('/ai')],
  ['an invalid project', (url) => [{ endpoint: url }, { [PROJECT]: 'a/b' }], 'throws MASTRA_PLATFORM_EXPORTER_INVALID_PROJECT_ID'],
  ['a project of a space', (url) => [{ endpoint: url }, { [PROJECT]: ' ' }], 'throws MASTRA_PLATFORM_EXPORTER_INVALID_PROJECT_ID'],
  ['an invalid project without a token', () => [noToken, { [PROJECT]: 'a/b' }], 'throws MASTRA_PLATFORM_EXPORTER_INVALID_PROJECT_ID'],
  ['an invalid project behind an option', (url) => [{ endpoint: url, projectId: 'mine' }, { [PROJECT]: 'a/b' }], spans('/projects/mine/ai')],
  ['an empty projectId', (url) => [{ endpoint: url, projectId: '' }], 'throws MASTRA_PLATFORM_EXPORTER_INVALID_PROJECT_ID'],
  ['the address of the platform', (url) => [{}, { [ENDPOINT]: url }], spans('/ai')],
  ['the address of the platform, in a project', (url) => [{}, { [ENDPOINT]: `${url}/`, [PROJECT]: 'env' }], spans('/projects/env/ai')],
  ['the address of the platform, a publish URL', (url) => [{}, { [ENDPOINT]: `${url}/own/spans/publish` }], spans('/own')],
  ['the address of the platform before endpoint', (url) => [{ endpoint: NOWHERE }, { [ENDPOINT]: url }], spans('/ai')],
  ['the address of the platform with a path', (url) => [{}, { [ENDPOINT]: `${url}/base` }], 'throws MASTRA_PLATFORM_EXPORTER_INVALID_ENDPOINT'],
  ['the address of the platform not a URL', () => [{}, { [ENDPOINT]: 'nope' }], 'throws MASTRA_PLATFORM_EXPORTER_INVALID_ENDPOINT'],
  ['the address of the platform empty', (url) => [{ endpoint: url }, { [ENDPOINT]: '' }], spans('/ai')],
  ['the address of traces before that of the platform', (url) => [{}, { [TRACES]: `${url}/t/spans/publish`, [ENDPOINT]: NOWHERE }], spans('/t')],
  ['the address of traces empty', (url) => [{}, { [TRACES]: '', [ENDPOINT]: url }], spans('/ai')],
  ['tracesEndpoint before both', (url) => [{ tracesEndpoint: url }, { [TRACES]: NOWHERE, [ENDPOINT]: NOWHERE }], spans('/ai')],
  ['tracesEndpoint empty hides both', (url) => [{ endpoint: url, tracesEndpoint: '' }, { [TRACES]: NOWHERE, [ENDPOINT]: NOWHERE }], spans('/ai')],
];

function contract({ threw, requests }) {
  if (threw) return `throws ${threw.id}`;
  return requests.find((request) => request.includes('/spans/publish'));
}

describe('the platform: options and environment', { concurrency: true }, () => {
  for (const [name, makeCase, expected] of OWN_CASES) {
    test(name, async () => {
      const [peer, ours] = await Promise.all([outcome(PeerPlatformExporter, makeCase), outcome(OurPlatformExporter, makeCase)]);
      assert.equal(contract(peer), expected, 'the peer');
      assert.deepEqual(ours, peer);
    });
  }

  for (const [name, makeCase] of CONFIG_CASES) {
    test(`as with CloudExporter: ${name}`, async () => {
      const [peer, ours] = await Promise.all([outcome(PeerPlatformExporter, makeCase), outcome(OurPlatformExporter, makeCase)]);
      assert.deepEqual(ours, peer);
    });
  }
});

describe('the platform: without an access token', () => {
  test('the same debug line, every call does nothing', async () => {
    const made = withEnv({}, () => [PeerPlatformExporter, OurPlatformExporter].map((Exporter) => {
      const logger = recordingLogger();
      return { logger, exporter: new Exporter({ logger }) };
    }));
    for (const { exporter } of made) {
      assert.equal(exporter.isDisabled, true);
      await sendAll(exporter);
      await exporter.flush();
      await exporter.shutdown();
    }
    const [peer, ours] = made.map(({ logger }) => logger.calls);
    assert.equal(peer.length, 1);
    assert.match(peer[0].args[0], /MASTRA_PLATFORM_ACCESS_TOKEN environment variable not set\./);
    assert.deepEqual(withoutTokenWarning(ours), peer);
  });

  test('no options at all', () => {
    const [peer, ours] = withEnv({}, () => [new PeerPlatformExporter(), new OurPlatformExporter()]);
    assert.deepEqual([ours.isDisabled, ours.name], [peer.isDisabled, peer.name]);
  });
});

describe('the platform: identity', () => {
  const make = (Exporter, options) => withEnv({}, () => new Exporter({ accessToken: 't', logger: recordingLogger(), ...options }));

  test('name, class and prototype', () => {
    const [peer, ours] = [make(PeerPlatformExporter), make(OurPlatformExporter)];
    assert.equal(ours.name, 'mastra-platform-exporter');
    assert.equal(ours.name, peer.name);
    assert.equal(ours.constructor.name, peer.constructor.name);
    assert.ok(ours instanceof BaseExporter);
    for (const method of ['exportTracingEvent', 'onTracingEvent', 'onLogEvent', 'onMetricEvent', 'onScoreEvent', 'onFeedbackEvent', 'flush', 'shutdown', '__setLogger']) {
      assert.equal(typeof ours[method], 'function', method);
      assert.equal(ours[method].length, peer[method].length, `${method}.length`);
    }
  });

  test('a subclass can be made', () => {
    class Named extends OurPlatformExporter {
      name = 'mine';
    }
    assert.equal(make(Named).name, 'mine');
  });

  test('own options are refused under its own prefix', () => {
    assert.throws(() => make(OurPlatformExporter, { maxQueueBytes: 5 }), {
      id: 'MASTRA_PLATFORM_EXPORTER_INVALID_OPTION',
      message: 'MastraPlatformExporter maxQueueBytes must be an integer from 1048576 to 4294967296 (bytes), got 5.',
    });
  });
});
