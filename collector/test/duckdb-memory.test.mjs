// What the README says of DuckDB's memory and files, asked of DuckDB itself.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';

import { buildRecord } from '../src/records.mjs';
import { openStore } from '../src/store.mjs';
import { duckdb, test } from './support/test.mjs';
import { span } from './support/wire.mjs';

test('a query that needs more than the buffers writes beside the data file, and leaves nothing there', async t => {
  const [, path] = await duckdb(t);
  const store = await openStore(`file:${path}`, undefined);
  t.after(() => store.close());
  const { db } = /** @type {any} */ (store.observability);
  const [settings] = await db.query(`SELECT current_setting('memory_limit') AS memory, current_setting('checkpoint_threshold') AS log,
    current_setting('temp_directory') AS directory`);
  assert.deepEqual(settings, { memory: '366.2 MiB', log: '122.0 MiB', directory: `${path}.tmp` }, 'in units of 1024 bytes');
  // Less memory does with fewer rows.
  await db.execute("SET memory_limit = '48MB'");
  let seen = false;
  const query = db.query('SELECT count(*) AS rows FROM (SELECT row_number() OVER (ORDER BY hash(range)) FROM range(8_000_000))');
  const ended = query.then(() => true, () => true);
  const turn = () => new Promise(resolve => { setImmediate(resolve, false); });
  while (!(await Promise.race([ended, turn()]))) seen ||= existsSync(`${path}.tmp`) && readdirSync(`${path}.tmp`).length > 0;
  assert.equal(Number((await query)[0].rows), 8_000_000);
  assert.ok(seen, 'it has written files');
  assert.deepEqual(readdirSync(dirname(path)).filter(name => name.includes('.tmp') && readdirSync(`${dirname(path)}/${name}`).length > 0), []);
});

test('20,000 spans take DuckDB down to its least, and give it back what a query may need', async t => {
  const store = await openStore(`file:${(await duckdb(t))[1]}`, undefined);
  t.after(() => store.close());
  const { db } = /** @type {any} */ (store.observability);
  await store.observability.init();
  const execute = db.execute.bind(db);
  const limits = [];
  db.execute = statement => {
    if (/memory_limit/.test(statement)) limits.push(statement);
    return execute(statement);
  };
  await execute("SET memory_limit = '300MB'");
  for (let stored = 0; stored < 20_000; stored += 1000) {
    assert.deepEqual(limits, []);
    await store.observability.batchCreateSpans({ records: Array.from({ length: 1000 }, () => buildRecord('spans', span(), undefined)) });
  }
  assert.deepEqual(limits, ["SET memory_limit = '128MB'", "SET memory_limit = '384MB'"]);
  const [{ memory }] = await db.query("SELECT current_setting('memory_limit') AS memory");
  assert.equal(memory, '366.2 MiB');
});
