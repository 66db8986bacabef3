// node:test, skipping where the collector cannot run, and running a test once for each kind of store.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test as nodeTest } from 'node:test';

import { clickhouseIsMissing, startClickHouse } from './clickhouse.mjs';
import { killLeftovers, startCollector } from './collector.mjs';
import { postgresIsMissing, startPostgres } from './postgres.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);
const tooOld = (major < 22 || (major === 22 && minor < 13))
  && `the collector needs Node 22.13 or later, this is ${process.versions.node}`;

/** The end of a test that waits for an event that does not come, in milliseconds. */
const timeout = 300_000;

/** @param {string} name @param {(t: import('node:test').TestContext) => unknown} run */
export function test(name, run) {
  nodeTest(name, { skip: tooOld, timeout }, run);
}

/**
 * A test that gets the options of a store of its own, empty: once with DuckDB, once with Postgres, once with ClickHouse.
 * @param {string} name
 * @param {(t: import('node:test').TestContext, storeArgs: string[]) => unknown} run
 */
export function testOnStores(name, run) {
  nodeTest(`${name} (DuckDB)`, { skip: tooOld, timeout }, async t => run(t, await duckdb(t)));
  testOnPostgres(`${name} (Postgres)`, run);
  testOnClickHouse(`${name} (ClickHouse)`, run);
}

/** @param {string} name @param {(t: import('node:test').TestContext, storeArgs: string[]) => unknown} run */
export function testOnPostgres(name, run) {
  nodeTest(name, { skip: tooOld || postgresIsMissing(), timeout }, async t => run(t, ['--store', await (await server(startPostgres)).create()]));
}

/** @param {string} name @param {(t: import('node:test').TestContext, storeArgs: string[]) => unknown} run */
export function testOnClickHouse(name, run) {
  nodeTest(name, { skip: tooOld || clickhouseIsMissing(), timeout }, async t => run(t, ['--store', await (await server(startClickHouse)).create()]));
}

/** @param {import('node:test').TestContext} t @returns {Promise<string[]>} */
export async function duckdb(t) {
  return ['--data', join(await temporaryDirectory(t), 'traces.duckdb')];
}

/** @param {import('node:test').TestContext} t @returns {Promise<string>} gone after the test */
export async function temporaryDirectory(t) {
  const directory = await mkdtemp(join(tmpdir(), 'collector-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/**
 * A collector of its own for a test, stopped after it.
 * @param {import('node:test').TestContext} t
 * @param {string[]} args
 */
export async function collectorFor(t, args) {
  const collector = await startCollector(args);
  t.after(() => collector.stop());
  return collector;
}

/** One server of each kind for all tests of a file, started when the first wants it. @type {Map<Function, Promise<any>>} */
const started = new Map();

/** @param {() => Promise<{ create: () => Promise<string>, stop: () => Promise<void> }>} start */
function server(start) {
  if (!started.has(start)) started.set(start, start());
  return started.get(start);
}
after(async () => {
  killLeftovers();
  for (const running of started.values()) await (await running).stop();
});
