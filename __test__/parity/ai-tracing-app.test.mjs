// Mastra 0.x: batches and their log lines beside the exporter of @mastra/core 0.24.9, whole applications, processes.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

import { startCollector } from '../../examples/demo/collector.mjs';
import { createLocalModel } from '../../examples/demo/model.mjs';
import { both, ended } from '../support/both-0x.mjs';
import { recordingLogger } from '../support/logger.mjs';
import { createProject } from '../support/mastra-0x.mjs';

const project = createProject();
after(() => project.remove());
const exports = await project.load('entry.mjs');
const { CloudExporter, PeerExporter } = exports;

const batch = async (exporter, { logger, server }, requests = 1) => {
  for (const id of ['a', 'b']) await exporter.exportEvent(ended({ id }));
  // Either of the two lines with which a batch ends.
  await logger.waitFor((calls) => calls.filter(({ args }) => /^Batch (flushed|upload)/.test(args[0])).length === requests);
  assert.equal(server.requests.length, requests);
};

describe('requests and log lines', () => {
  const CASES = {
    'a full batch': { options: { maxBatchSize: 2 }, drive: batch },
    'two full batches': { options: { maxBatchSize: 2 }, drive: async (...args) => { await batch(...args); await batch(...args, 2); } },
    'a batch by time': { options: { maxBatchWaitMs: 20 }, drive: batch },
    'what is left at shutdown': { drive: (exporter) => exporter.exportEvent(ended()) },
    'nothing at all': { drive: () => {} },
    'flush, which the peer does not declare': { drive: async (exporter) => { await exporter.exportEvent(ended()); await exporter.flush(); } },
    'a new logger': { drive: (exporter, { logger }) => exporter.__setLogger(logger) },
    // A batch of several is halved after 400, as in 1.x: __test__/delivery/answers.test.mjs.
    ...Object.fromEntries([401, 403, 404, 500].map((status) => [
      `an answer ${status}`, { options: { maxBatchSize: 2 }, answer: () => status, drive: batch },
    ])),
  };
  for (const [name, scenario] of Object.entries(CASES)) {
    test(name, async () => {
      const { peer, ours } = await both(exports, scenario);
      const [first] = peer.calls.filter(([, error]) => error.id !== undefined);
      const rejected = first?.[1].cause.includes('Unauthorized') || first?.[1].cause.includes('Forbidden');
      if (rejected) assert.match(ours.calls.splice(2, 1)[0][1], /^CloudExporter received an authentication failure; pausing uploads for \d+s$/);
      // The reason phrase of a rejection is not kept; endpoint, attempts, status and answer are ours alone, and so is that
      // there was one attempt.
      const text = (calls) => JSON.stringify(calls).replaceAll(/ (Unauthorized|Forbidden)"/g, '"').replaceAll('after 1 attempt,', 'after all retries,');
      const seen = (calls) => JSON.parse(text(calls), (key, value) => (['endpoint', 'attempts', 'status', 'answer'].includes(key) ? undefined : value));
      assert.deepEqual(seen(ours.calls), seen(peer.calls));
      assert.deepEqual(ours.requests, peer.requests);
    });
  }

  test('shutdown waits for a batch that is under way, and takes nothing after it', async () => {
    const collector = await startCollector();
    const logger = recordingLogger();
    const exporter = new CloudExporter({ accessToken: 't', endpoint: `${collector.url}/ai/spans/publish`, maxBatchSize: 1, logger });
    await exporter.exportEvent(ended());
    await exporter.shutdown();
    await exporter.exportEvent(ended());
    await exporter.shutdown();
    await collector.close();
    const { delivered, dropped } = exporter.stats().traces;
    assert.equal(logger.count('CloudExporter shutdown complete'), 1);
    assert.deepEqual([delivered, dropped.shutdown, collector.records('spans').length], [1, 1, 1]);
  });
});

describe('whatever it is given', () => {
  for (const event of [undefined, null, 5, {}, { type: 'span_ended' }, { type: 'span_ended', exportedSpan: null }]) {
    test(`${JSON.stringify(event)} does not reject`, async () => {
      const logger = recordingLogger();
      const exporter = new CloudExporter({ accessToken: 't', endpoint: 'http://127.0.0.1:1/', logger });
      await exporter.exportEvent(event);
      await exporter.shutdown();
      assert.equal(logger.count('Ignored a malformed event'), event && !event.type ? 0 : 1);
      assert.equal(exporter.stats().traces.accepted, 0);
    });
  }

  test('a value that JSON cannot hold costs that value, and a warning names the span', async () => {
    const { ours } = await both(exports, { drive: (exporter) => exporter.exportEvent(ended({ output: { count: 3n } })) });
    assert.match(ours.requests[0].at(-1), /"output":\{"count":"3n"\}/);
    const [level, , fields] = ours.calls.find(([, text]) => text === 'Replaced values that JSON cannot represent');
    assert.deepEqual([level, fields.spanId, fields.traceId], ['warn', 'span-1', 'trace-1']);
  });
});

test('a real Mastra 0.x application delivers the same records through the peer and through ours, side by side', async (t) => {
  const [peer, ours] = [await startCollector(), await startCollector()];
  t.after(() => Promise.all([peer.close(), ours.close()]));
  const options = (collector) => ({ accessToken: 'token', endpoint: `${collector.url}/ai/spans/publish` });
  const { createApp } = await project.load('app.mjs');
  const logger = recordingLogger();
  const app = createApp({ exporters: [new PeerExporter(options(peer)), new CloudExporter(options(ours))], model: createLocalModel(), logger });
  assert.deepEqual(await app.run(), { text: 'Your order is in transit and should arrive within 2 days.', status: 'failed' });
  await app.shutdown();

  const records = (collector) => collector.records('spans').map(({ createdAt, ...record }) => record);
  assert.deepEqual([...new Set(records(ours).map(({ spanType }) => spanType))].sort(), [
    'agent_run', 'model_chunk', 'model_generation', 'model_step', 'tool_call', 'workflow_run', 'workflow_step',
  ]);
  assert.deepEqual(records(ours), records(peer));
  assert.equal(logger.count('CloudExporter shutdown complete'), 2, 'both write to the logger of the application');
});

describe('a project of Mastra 0.x', () => {
  const require = createRequire(join(project.dir, 'entry.mjs'));
  // Nothing but the given environment: certificates and tokens of this machine stay out.
  const run = (args, env) => spawn(process.execPath, args, { cwd: project.dir, env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });

  test('needs no @mastra/observability, and has none', () => {
    assert.throws(() => require.resolve('@mastra/observability'), { code: 'MODULE_NOT_FOUND' });
    assert.equal(require('@mastra/core/package.json').version, '0.24.9');
  });

  test('loads the exporter by require() too', () => {
    const { CloudExporter: Required } = require('mastra-native-exporter/ai-tracing');
    assert.notEqual(Required, CloudExporter);
    assert.equal(new Required({ accessToken: 't', logger: recordingLogger() }).name, new PeerExporter({ accessToken: 't', logger: recordingLogger() }).name);
  });

  for (const [name, env] of [['ends', {}], ['calls process.exit()', { THEN: 'exit' }]]) {
    test(`delivers what a process has when it ${name}`, async (t) => {
      const collector = await startCollector();
      t.after(() => collector.close());
      const child = run(['end.mjs'], { URL: `${collector.url}/ai/spans/publish`, COUNT: '100', ...env });
      assert.deepEqual(await once(child, 'exit'), [0, null]);
      assert.equal(collector.records('spans').length, 100);
    });
  }

  test('exports through the exporter of 0.24 when there is no binary', async (t) => {
    const collector = await startCollector();
    t.after(() => collector.close());
    const env = { URL: `${collector.url}/ai/spans/publish`, COUNT: '2', THEN: 'shutdown', MASTRA_NATIVE_EXPORTER: 'off' };
    const child = run(['end.mjs'], env);
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    assert.equal(collector.records('spans').length, 2);
  });

  test('compiles against the declarations, strictly, as ES module and as CommonJS', () => {
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', join(project.dir, 'types')], { encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  });
});
