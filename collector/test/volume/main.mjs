// `npm run volume -- STORE`: a million typical spans through exporter and collector into an empty store, none lost, and
// the time that Studio's list of traces takes then. It writes the figures into the README of the collector.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { CloudExporter } from '../../../dist/index.js';
import { startClickHouse } from '../support/clickhouse.mjs';
import { TOKEN, startCollector } from '../support/collector.mjs';
import { FAILED_EVERY, SERVICES, SPANS_PER_TRACE, exportTraces, residentMb } from '../support/load.mjs';
import { startPostgres } from '../support/postgres.mjs';
import { countSpans } from '../support/rows.mjs';
import { STORES, record } from './table.mjs';

const TRACES = 100_000;
const PER_PAGE = 25;

/** The unit in which the kernel counts a process's time. */
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** @type {Record<string, () => Promise<{ args: string[], directory: string, stop: () => Promise<void> }>>} */
const OPEN = {
  async DuckDB() {
    const directory = mkdtempSync(join(tmpdir(), 'duckdb-'));
    const stop = async () => rmSync(directory, { recursive: true, force: true });
    return { args: ['--data', join(directory, 'traces.duckdb')], directory, stop };
  },
  Postgres: async () => server(await startPostgres()),
  ClickHouse: async () => server(await startClickHouse()),
};

/** @param {any} running */
async function server({ create, directory, stop }) {
  return { args: ['--store', await create()], directory, stop };
}

/** @param {string} kind @returns {Promise<Record<string, string>>} what was measured */
async function measure(kind) {
  const store = await OPEN[kind]();
  const collector = await startCollector(store.args);
  try {
    await collector.request('/traces');
    const pulse = watch(collector);
    const cpuBefore = cpuSeconds(collector.pid);
    const start = performance.now();
    const exporter = new CloudExporter({ accessToken: TOKEN, endpoint: collector.url });
    await exportTraces(exporter, TRACES);
    const seconds = (performance.now() - start) / 1000;
    const cpu = cpuSeconds(collector.pid) - cpuBefore;
    const spans = TRACES * SPANS_PER_TRACE;
    const longest = await pulse.stop();
    assert.equal(exporter.stats().traces.delivered, spans);
    const megabytes = residentMb(collector.pid, 'VmHWM');
    const list = await measureList(collector);
    const { rows, spans: found } = await countSpans(collector, store.args);
    await collector.stop();
    assert.equal(Number(found), spans, `of ${rows} rows`);
    return {
      'spans stored, none lost': spans.toLocaleString('en'),
      'spans a second': Math.round(spans / seconds).toLocaleString('en'),
      "collector's CPU a span": `${Math.round((cpu / spans) * 1e6)} µs`,
      "collector's memory at most": `${megabytes} MB`,
      'longest answer of `/healthz` meanwhile': `${Math.round(longest)} ms`,
      'disk a span': `${Math.round(bytesIn(store.directory) / spans)} bytes`,
      ...list,
    };
  } finally {
    await collector.stop();
    await store.stop();
  }
}

/** The first page, each filter, and what can be filtered by, once. @param {any} collector @returns {Promise<Record<string, string>>} */
async function measureList(collector) {
  const now = Date.now();
  const timeRange = { from: new Date(now - 7 * 86_400_000).toISOString(), to: new Date(now + 60_000).toISOString() };
  const equals = (path, literal) => ({ where: { op: 'eq', left: { path }, right: { literal } } });
  const ask = extra => collector.api('/traces/query', { timeRange, pagination: { page: 0, perPage: PER_PAGE }, ...extra });
  const { traces: [{ traceId, startedAt }] } = await ask({});
  const minute = { timeRange: { from: new Date(Date.parse(startedAt) - 1_000).toISOString(), to: timeRange.to } };
  const measured = {};
  for (const [name, filter, total] of [
    ['list of traces', {}, TRACES],
    ['... that failed', equals('status', 'error'), TRACES / FAILED_EVERY],
    ['... of a service', equals('metadata.serviceName', 'service-1'), TRACES / SERVICES],
    ['... of the last second', minute, undefined],
    ['... with an id', equals('traceId', traceId), 1],
  ]) {
    const start = performance.now();
    const { pagination } = await ask(filter);
    measured[name] = `${Math.round(performance.now() - start)} ms`;
    if (total !== undefined) assert.equal(pagination.total, total, name);
  }
  const discover = { timeRange, predicateScope: 'trace' };
  for (const [name, path, body, found] of [
    ['fields to filter by', 'fields', discover, 'metadata.serviceName'],
    ['services to filter by', 'values', { ...discover, path: 'metadata.serviceName' }, 'service-1'],
  ]) {
    const start = performance.now();
    const answer = await collector.api(`/traces/query/${path}`, body);
    measured[name] = `${Math.round(performance.now() - start)} ms`;
    assert.ok(JSON.stringify(answer).includes(found), `${name}: ${JSON.stringify(answer)}`);
  }
  return measured;
}

/** Asks for /healthz all the time. @param {any} collector @returns {{ stop: () => Promise<number> }} the longest wait in milliseconds */
function watch(collector) {
  let watching = true;
  let longest = 0;
  const done = (async () => {
    while (watching) {
      const start = performance.now();
      await (await collector.request('/healthz')).arrayBuffer();
      longest = Math.max(longest, performance.now() - start);
      await sleep(5);
    }
  })();
  return {
    async stop() {
      watching = false;
      await done;
      return longest;
    },
  };
}

/** @param {number} pid @returns {number} user and system time */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** @param {string} directory */
function bytesIn(directory) {
  return Number(execFileSync('du', ['-s', '-B1', directory], { encoding: 'utf8' }).split('\t')[0]);
}

const kind = STORES.find(name => name.toLowerCase() === process.argv[2]?.toLowerCase());
if (kind === undefined) {
  console.error(`Which store? ${STORES.join(', ')}`);
  process.exitCode = 2;
} else {
  // More processes that want a core than there are cores: the times are theirs too.
  const load = loadavg()[0].toFixed(1);
  const measured = await measure(kind);
  console.log(measured);
  record(kind, { ...measured, 'load of the machine before': `${load} on ${availableParallelism()} cores`, Node: process.versions.node });
}
