// Applications that interfere with the exporter: their records are what JSON.stringify makes of them, once each, and
// the applications go on. Each case is a process of its own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { startCollector } from '../../examples/demo/collector.mjs';
import { runFixture } from '../support/child.mjs';
import { refusedUrl } from '../support/server.mjs';

async function run(name, fixture = 'hostile.mjs', { env, nodeArgs } = {}) {
  const collector = await startCollector();
  try {
    const result = await runFixture(fixture, { CASE: name, URL: collector.url, ...env }, nodeArgs);
    assert.deepEqual([result.code, result.signal], [0, null], result.stderr);
    return { ...result, logs: collector.records('logs'), spans: collector.records('spans') };
  } finally {
    await collector.close();
  }
}

describe('hostile applications', { concurrency: 2 }, () => {
  test('a getter that exports while its record is read: all arrive once', async () => {
    const { logs } = await run('a getter that exports');
    assert.deepEqual(logs.map(({ id }) => id).sort((a, b) => a - b), Array.from({ length: 35 }, (_, index) => index + 1));
  });

  test('a getter that flushes while its record is read: all arrive once', async () => {
    const { logs } = await run('a getter that flushes');
    assert.deepEqual(logs.map(({ id }) => id).sort((a, b) => a - b), [1, 2, 3, 4]);
  });

  test('a getter that disables the exporter while its record is read: nothing is sent', async () => {
    const { logs, stdout } = await run('a getter that disables');
    assert.deepEqual(logs, []);
    const { accepted, queued, dropped } = JSON.parse(stdout).stats.logs;
    assert.deepEqual([accepted, queued, dropped.shutdown], [3, 0, 3]);
  });

  test('functions on Object.prototype are not called and not exported', async () => {
    const { logs: [log], spans: [span] } = await run('Object.prototype');
    assert.deepEqual(log, { id: 1, inner: {} });
    assert.deepEqual([span.spanId, 'isEmpty' in span], ['s', false]);
  });

  test('values on Object.prototype are not exported', async () => {
    const { logs: [log], spans: [span] } = await run('values on Object.prototype');
    assert.deepEqual(log, { id: 1, inner: {} });
    assert.deepEqual([span.spanId, 'inherited' in span], ['s', false]);
  });

  test('a Date.prototype.toJSON of the application, replaced before, is what counts', async () => {
    const { logs: [log] } = await run('Date.prototype.toJSON');
    assert.equal(log.at, 'local');
  });

  test('a proxy that calls a double its length costs nobody', async () => {
    const { logs } = await run('a length');
    assert.deepEqual(logs, [{ id: 1, list: [1, 2] }, { id: 2 }]);
  });

  test('no thread for the engine: the exporter is disabled and says so', async () => {
    const { stdout, stderr, logs } = await run('no thread');
    const { isDisabled, stats } = JSON.parse(stdout);
    assert.deepEqual([isDisabled, stats.logs.accepted, logs.length], [true, 0, 0]);
    assert.match(stderr, /disabled: no thread/);
  });

  test('records that cannot be handed over at the end of a turn are counted, and later ones arrive', async () => {
    const { stdout, stderr, logs } = await run('no hand-over');
    const { accepted, delivered, dropped } = JSON.parse(stdout).stats.logs;
    assert.deepEqual([accepted, delivered, dropped.unencodable], [41, 1, 40]);
    assert.deepEqual(logs.map(({ id }) => id), [41]);
    assert.match(stderr, /could not be handed over/);
  });

  test('an exporter whose records were all left out can be collected', async () => {
    const { stdout } = await run('', 'left-out.mjs', { nodeArgs: ['--expose-gc'] });
    assert.equal(stdout.trim(), 'true');
  });

  test('what is exported after an end that did not come gets the whole exitTimeoutMs', async () => {
    const { logs, stdout, stderr } = await run('', 'exit-later.mjs', { env: { DEAD_URL: await refusedUrl() } });
    assert.doesNotMatch(stdout + stderr, /lost/);
    assert.deepEqual(logs.map(({ logId }) => logId), ['late']);
  });
});
