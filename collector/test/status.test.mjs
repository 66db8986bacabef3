// The state of the collector in /healthz, /metrics and its log.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createHeldBack } from '../src/held-back.mjs';
import { startCollector } from './support/collector.mjs';
import { collectorFor, duckdb, test } from './support/test.mjs';
import { annotations, span } from './support/wire.mjs';

const health = async collector => {
  const response = await collector.request('/healthz');
  return { code: response.status, ...(await response.json()) };
};

test('/healthz and /metrics say what became of the records', async t => {
  const collector = await collectorFor(t, await duckdb(t));
  await collector.publish('spans', [span(), { nonsense: true }]);
  assert.deepEqual(await health(collector), {
    code: 200, status: 'ok', records: { stored: 1, refused: 1, unsupported: 0, failed: 0 }, unauthorised: 0,
  });
  const response = await collector.request('/metrics');
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  for (const line of [
    'mastra_collector_records_total{outcome="stored"} 1', 'mastra_collector_records_total{outcome="refused"} 1',
    'mastra_collector_records_total{outcome="failed"} 0', 'mastra_collector_unauthorised_requests_total 0',
    'mastra_collector_store_failing 0', 'mastra_collector_body_bytes 0',
  ]) assert.ok(text.split('\n').includes(line), `${line} in ${text}`);
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  if (checked.error) t.diagnostic('Prometheus is not installed: promtool has not read the metrics');
  else assert.deepEqual([checked.status, checked.stderr], [0, '']);
  const page = await collector.request('/metrics', { headers: { accept: 'text/html,application/xhtml+xml' } });
  assert.match(await page.text(), /Mastra Studio/, 'a browser gets the page of this name');
});

test('a full disk: 503 with the reason until something is stored again, and one line', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'collector-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', directory], { stdio: 'pipe' });
  } catch (error) {
    return t.skip(`no file system can be mounted here: ${error.stderr}`);
  }
  const collector = await startCollector(['--data', join(directory, 'traces.duckdb')]);
  t.after(async () => {
    await collector.stop();
    execFileSync('umount', ['-l', directory]);
    await rmdir(directory);
  });

  const batch = () => Array.from({ length: 50 }, () => span({ output: noise(20_000) }));
  let kept = 0;
  let answer;
  for (answer = { status: 200 }; answer.status === 200; kept += answer.stored ?? 0) answer = await collector.publish('spans', batch());
  assert.equal(answer.status, 503);
  await collector.publish('spans', batch());
  const full = await health(collector);
  assert.deepEqual([full.code, full.status], [503, 'the store refuses']);
  assert.match(full.lastError, /space|write|file|memory/i);
  assert.ok(Date.parse(full.since) <= Date.now());
  assert.ok(full.records.failed >= 50 && full.records.stored >= kept, JSON.stringify(full));
  assert.match(await (await collector.request('/metrics')).text(), /^mastra_collector_store_failing 1$/m);
  const lines = collector.output.stderr.split('\n').filter(line => line.includes('does not work'));
  assert.equal(lines.length, 1, 'one line for what lasts');

  execFileSync('mount', ['-o', 'remount,size=512m', directory]);
  assert.equal((await collector.publish('logs', [annotations('a', 'b').logs])).status, 200, 'with room it stores again');
  const { code, lastError } = await health(collector);
  assert.deepEqual([code, lastError], [200, undefined]);
});

/** Text that no compression makes small. @param {number} length */
function noise(length) {
  return Array.from({ length }, () => String.fromCharCode(33 + Math.floor(Math.random() * 90))).join('');
}

test('a fault that lasts has one line, and then one a minute with how often it came', t => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const lines = [];
  const log = createHeldBack(line => lines.push(line));
  for (let times = 1; times <= 100; times++) log.write('store', `down ${times}`);
  log.write('token', 'another kind');
  assert.deepEqual(lines.splice(0), ['down 1', 'another kind']);
  t.mock.timers.tick(60_000);
  assert.deepEqual(lines.splice(0), ['99 more of this kind; the last: down 100']);
  t.mock.timers.tick(60_000);
  log.write('store', 'again');
  assert.deepEqual(lines.splice(0), ['again'], 'after a quiet minute it is news');
  log.write('store', 'and again');
  log.close();
  assert.deepEqual(lines, ['1 more of this kind; the last: and again']);
});

test('a minute after its last failure a store is welcome to try again', async t => {
  const { Status } = await import('../src/status.mjs');
  const status = new Status();
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  status.storeFailed('first');
  now += 50_000;
  status.storeFailed('second');
  now += 59_000;
  assert.equal(status.ok, false);
  now += 2000;
  assert.equal(status.ok, true, 'a load balancer that sent nothing would never learn');
  assert.equal(status.health(false).lastError, 'second');
  assert.equal(status.storeWorked(), true);
  assert.equal(status.health(false).lastError, undefined);
});
