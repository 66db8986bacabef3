// docs/serverless.md: the times that it adds up are those of the code, and are added up in the right way.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import { Mastra } from '@mastra/core/mastra';
import { Observability } from '@mastra/observability';
import { CloudExporter, nativeBinding } from 'mastra-native-exporter';

import { prose, read } from '../support/documents.mjs';

const page = prose('docs/serverless.md').replaceAll(/\s+/g, ' ');
const specs = JSON.parse(createRequire(import.meta.url)(nativeBinding.path).optionSpecs());
const seconds = (option) => specs.find(({ name }) => name === option).default / 1000;

test('mastra.shutdown() flushes an exporter twice before it shuts it down', async () => {
  const calls = [];
  const exporter = new CloudExporter({ accessToken: 't', endpoint: 'http://127.0.0.1:1' });
  for (const method of ['flush', 'shutdown']) {
    const original = exporter[method].bind(exporter);
    Object.defineProperty(exporter, method, { value: () => { calls.push(method); return original(); } });
  }
  const observability = new Observability({ configs: { app: { serviceName: 'app', exporters: [exporter] } } });
  await new Mastra({ observability, logger: false }).shutdown();
  // A flush after the shutdown has nothing to wait for.
  assert.deepEqual(calls.slice(0, calls.indexOf('shutdown') + 1), ['flush', 'flush', 'shutdown']);
  assert.ok(page.includes(`2 × \`flushTimeoutMs\` + \`shutdownTimeoutMs\`: ${2 * seconds('flushTimeoutMs') + seconds('shutdownTimeoutMs')} s by default`));
});

test("the times of Mastra's server: its drain, its shutdown, and exitTimeoutMs", () => {
  const [, drain] = /`server\.drainTimeout` \((\d+) s\)/.exec(page);
  const [, more] = /waits for it up to `server\.drainTimeout` \+ (\d+) s\./.exec(page);
  const sum = [Number(drain), Number(drain) + Number(more), seconds('exitTimeoutMs')];
  assert.ok(page.includes(`Mastra's server with its defaults: ${sum.join(' + ')} = ${sum.reduce((a, b) => a + b)} s`));
});

// The drain of another version may have other times: read its `createNodeServer`, then name it.
test("the version of Mastra's server is the one that the collector is built on", () => {
  const { version } = JSON.parse(read('collector/package-lock.json')).packages['node_modules/@mastra/deployer'];
  const [, named] = /`@mastra\/deployer` (\d+\.\d+)/.exec(page);
  assert.equal(named, version.replace(/\.\d+$/, ''));
});
