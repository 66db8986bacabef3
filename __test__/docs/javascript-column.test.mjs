// README.md says what Mastra's JavaScript exporters do in each case. These tests run them, so that a version that does
// better is noticed.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { CloudExporter } from '@mastra/observability';

import { startCollector } from '../../examples/demo/collector.mjs';
import { NEVER_MS } from '../support/both.mjs';
import { runCommand } from '../support/child.mjs';
import { makeSpan, spanEvent } from '../support/events.mjs';
import { recordingLogger } from '../support/logger.mjs';
import { refusedUrl } from '../support/server.mjs';

/** Runs `drive` with a collector and a JavaScript exporter; returns the requests and what was logged as an error. */
async function run({ answer, options = {}, drive }) {
  const collector = await startCollector({ answer });
  const logger = recordingLogger();
  const exporter = new CloudExporter({ accessToken: 't', endpoint: collector.url, maxBatchWaitMs: NEVER_MS, logger, ...options });
  try {
    await drive({ exporter, collector });
    await exporter.shutdown();
    return { requests: collector.requests, spans: collector.records('spans'), errors: logger.calls.filter(({ level }) => level === 'error') };
  } finally {
    await collector.close();
  }
}

const exportAndFlush = (...inputs) => async ({ exporter }) => {
  for (const [index, input] of inputs.entries()) await exporter.exportTracingEvent(spanEvent(makeSpan(`s${index}`, { input })));
  await exporter.flush();
};
const always = (answer) => () => answer;

/** Runs a script in a process of its own, with one span exported to the collector before it. */
async function runScript(script, env = {}) {
  const collector = await startCollector();
  const code = `
    import { CloudExporter } from '@mastra/observability';
    const exporter = new CloudExporter({ accessToken: 't', endpoint: process.env.URL, maxBatchWaitMs: 1000 });
    const exportedSpan = { id: 's', traceId: 't', name: 'n', type: 'agent_run', startTime: new Date() };
    await exporter.exportTracingEvent({ type: 'span_ended', exportedSpan });
    ${script}`;
  try {
    await runCommand(process.execPath, ['--input-type=module', '--eval', code], { env: { PATH: process.env.PATH, URL: collector.url, ...env }, cwd: new URL('.', import.meta.url) });
    return collector.records('spans').length;
  } finally {
    await collector.close();
  }
}

describe("the column of Mastra's JavaScript exporters", { concurrency: true }, () => {
  for (const [how, script] of [
    ['process.exit()', 'process.exit(0);'],
    ['an uncaught exception', "throw new Error('failed');"],
    ['SIGTERM', "process.kill(process.pid, 'SIGTERM'); await new Promise((resolve) => setTimeout(resolve, 10_000));"],
  ]) {
    test(`${how}: buffered records are lost`, async () => assert.equal(await runScript(script), 0));
  }

  test('the script ends: held by the flush timer, then delivered', async () => assert.equal(await runScript(''), 1));

  test('the collector is down: three attempts, then the batch is lost', async () => {
    const { requests, spans, errors } = await run({ answer: always({ status: 503 }), drive: exportAndFlush('x') });
    assert.deepEqual([requests.length, spans.length, errors.length > 0], [3, 0, true]);
  });

  for (const status of [404, 400]) {
    test(`${status}: three attempts`, async () => {
      assert.equal((await run({ answer: always({ status }), drive: exportAndFlush('x') })).requests.length, 3);
    });
  }

  test('413: the whole batch is lost', async () => {
    const answer = ({ body }) => ({ status: body.spans.length > 1 ? 413 : 200 });
    assert.equal((await run({ answer, options: { maxRetries: 1 }, drive: exportAndFlush('x', 'y') })).spans.length, 0);
  });

  test('Retry-After is ignored', async () => {
    const answer = (request, index) => (index === 0 ? { status: 503, headers: { 'retry-after': '3600' } } : {});
    assert.equal((await run({ answer, drive: exportAndFlush('x') })).spans.length, 1, 'delivered within the time of this test');
  });

  test('a value that JSON rejects costs the whole batch', async () => {
    assert.equal((await run({ options: { maxRetries: 1 }, drive: exportAndFlush('x', 1n) })).spans.length, 0);
  });

  test('a getter is read when the batch is sent', async () => {
    let value = 'when it was exported';
    const { spans } = await run({ drive: async ({ exporter }) => {
      await exporter.exportTracingEvent(spanEvent(makeSpan('s', { input: { get now() { return value; } } })));
      value = 'when it was sent';
      await exporter.flush();
    } });
    assert.equal(spans[0].input.now, 'when it was sent');
  });

  test('redirects are followed to another origin', async () => {
    const other = await startCollector();
    const answer = () => ({ status: 307, headers: { location: `${other.url}/ai/spans/publish` } });
    try {
      await run({ answer, drive: exportAndFlush('x') });
      assert.equal(other.records('spans').length, 1);
    } finally {
      await other.close();
    }
  });

  test('proxies of the environment are ignored', async () => {
    assert.equal(await runScript('await exporter.flush();', { HTTP_PROXY: await refusedUrl(), NO_PROXY: '' }), 1);
  });

  test('exportTracingEvent given nonsense rejects', async () => {
    await run({ drive: ({ exporter }) => assert.rejects(exporter.exportTracingEvent(undefined)) });
  });
});
