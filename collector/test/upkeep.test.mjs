// Retention, and what a store needs as the days go by.
import assert from 'node:assert/strict';

import { buildRecord } from '../src/records.mjs';
import { createDayTables, query } from './support/postgres.mjs';
import { collectorFor, duckdb, test, testOnPostgres } from './support/test.mjs';
import { startCollector } from './support/collector.mjs';
import { annotations, span } from './support/wire.mjs';

const DAY_MS = 86_400_000;

/** Records of one trace, aged. */
function aged(days) {
  const time = new Date(Date.now() - days * DAY_MS).toISOString();
  const root = span({ startTime: time, startedAt: time, endTime: time, endedAt: time });
  const others = Object.entries(annotations(root.traceId, root.spanId));
  return { traceId: root.traceId, spans: root, ...Object.fromEntries(others.map(([signal, record]) => [signal, { ...record, timestamp: time }])) };
}

async function publishAll(collector, { traceId, ...records }) {
  for (const [signal, record] of Object.entries(records)) {
    assert.equal((await collector.publish(signal, [record])).stored, 1, signal);
  }
  return traceId;
}

/** The records that are left, by trace. */
async function traces(collector) {
  const left = [];
  for (const signal of ['logs', 'metrics', 'scores', 'feedback']) {
    const { [signal]: records } = await collector.api(`/${signal}`);
    left.push(records.map(({ traceId }) => traceId).join());
  }
  const { spans } = await collector.api('/traces/light');
  return [spans.map(({ traceId }) => traceId).join(), ...left];
}

test('--retention deletes what is older, of every signal (DuckDB)', async t => {
  const store = await duckdb(t);
  const before = await startCollector(store);
  // A quarter of an hour on either side: rows are deleted, not days.
  await publishAll(before, aged(7.01));
  const young = await publishAll(before, aged(6.99));
  await before.stop();

  const after = await collectorFor(t, [...store, '--retention', '7d']);
  await after.logged(/rows deleted/);
  assert.match(after.output.stderr, / 6 rows deleted that were older than --retention\n/);
  assert.deepEqual(await traces(after), Array(5).fill(young));
});

test('it is deleted at the start and every hour', async t => {
  const { openStore } = await import('../src/store.mjs');
  const { startUpkeep } = await import('../src/upkeep.mjs');
  const [, path] = await duckdb(t);
  const store = await openStore(`file:${path}`, undefined);
  t.after(() => store.close());
  t.mock.timers.enable({ apis: ['setInterval'] });
  const wire = aged(7.01);
  const record = buildRecord('spans', wire.spans, undefined);
  const left = async () => (await store.observability.listTracesLight({})).spans.length;
  const lines = [];
  let upkeep;
  for (let round = 0; round < 3; round++) {
    await store.observability.batchCreateSpans({ records: [record] });
    assert.equal(await left(), 1);
    if (upkeep === undefined) upkeep = startUpkeep(store, 7 * DAY_MS, line => lines.push(line));
    else t.mock.timers.tick(3_600_000);
    while (lines.length <= round) await new Promise(resolve => { setImmediate(resolve); });
    assert.equal(await left(), 0);
  }
  await upkeep?.stop();
  assert.deepEqual(lines, Array(3).fill('2 rows deleted that were older than --retention'));
});

testOnPostgres('--retention deletes what is older, by whole days (Postgres)', async (t, store) => {
  const before = await startCollector(store);
  // Mastra makes the tables of the days from yesterday on; that of an older day is left from when it was yesterday.
  await createDayTables(store[1], 9);
  const old = aged(9);
  await publishAll(before, old);
  // The first millisecond of the day on which the retention ends: older than it, but the day is not over.
  const sameDay = (Date.now() % DAY_MS) / DAY_MS + 7;
  await createDayTables(store[1], 7);
  const kept = await publishAll(before, aged(sameDay));
  const young = await publishAll(before, aged(0));
  await before.stop();
  const after = await collectorFor(t, [...store, '--retention', '7d']);
  await after.logged(/rows deleted/);
  assert.match(after.output.stderr, / 5 rows deleted that were older than --retention\n/);
  assert.deepEqual((await traces(after)).map(ids => ids.split(',').sort()), Array(5).fill([kept, young].sort()));
});

testOnPostgres('there are tables of the days from yesterday to 14 days ahead, and of no others', async (t, store) => {
  const before = Date.now();
  await collectorFor(t, store);
  const tables = await query(store[1], "SELECT relname FROM pg_class WHERE relname ~ '^mastra_span_events_p\\d{8}$' AND relkind = 'r'");
  const names = from => Array.from({ length: 16 }, (_, index) => `mastra_span_events_p${suffix(new Date(from + (index - 1) * DAY_MS))}`).join();
  // Midnight may pass meanwhile.
  assert.ok([names(before), names(Date.now())].includes(tables.map(({ relname }) => relname).sort().join()), JSON.stringify(tables));
});

testOnPostgres('the tables of days to come are made while it runs', async (t, [, url]) => {
  const { openStore } = await import('../src/store.mjs');
  const { startUpkeep } = await import('../src/upkeep.mjs');
  const store = await openStore(url, undefined);
  t.after(() => store.close());
  const tomorrow = new Date(Date.now() + DAY_MS);
  const forget = () => query(url, `DROP TABLE mastra_span_events_p${suffix(tomorrow)}`);
  t.mock.timers.enable({ apis: ['setInterval'] });

  await forget();
  const upkeep = startUpkeep(store, undefined, assert.fail);
  t.mock.timers.tick(3_600_000 - 1);
  await upkeep.stop();
  assert.equal(await exists(url, tomorrow), true, 'at the start');

  const init = t.mock.method(store.observability, 'init');
  const hourly = startUpkeep(store, undefined, assert.fail);
  t.mock.timers.tick(3 * 3_600_000);
  await hourly.stop();
  assert.equal(init.mock.callCount(), 4, 'and every hour');
});

const suffix = day => day.toISOString().slice(0, 10).replaceAll('-', '');

async function exists(url, day) {
  const [{ found }] = await query(url, `SELECT to_regclass('mastra_span_events_p${suffix(day)}') IS NOT NULL AS found`);
  return found;
}
