// The DuckDB file holds what Mastra's own store would have written, column by column, however the rows came in.
import assert from 'node:assert/strict';

import { DuckDBStore } from '@mastra/duckdb';

import { SpanAppender } from '../src/duckdb/append-spans.mjs';
import { jsonText } from '../src/duckdb/json-text.mjs';
import { buildRecord } from '../src/records.mjs';
import { temporaryDirectory, test } from './support/test.mjs';
import { variedSpan } from './support/varied.mjs';

const COLUMNS = 36;
const SPANS = 600;

/** Two empty files with a way to write spans: one by the appender, one by Mastra. */
async function bothWays(t) {
  const directory = await temporaryDirectory(t);
  const open = async name => {
    const { observability, db } = new DuckDBStore({ path: `${directory}/${name}.duckdb` });
    await observability.init();
    t.after(() => db.close());
    return { db, mastra: records => observability.batchCreateSpans({ records }) };
  };
  const [ours, theirs] = [await open('ours'), await open('theirs')];
  const appender = new SpanAppender(ours.db, ours.mastra);
  return { db: ours.db, write: records => appender.store(records), theirs };
}

/** As the collector makes them, and with the fields that Mastra's builder leaves out. */
function records(seed) {
  return Array.from({ length: SPANS }, (_, index) => {
    const wire = variedSpan(seed + index);
    const { scope, links, parentEntityVersionId, rootEntityVersionId } = wire;
    return { ...buildRecord('spans', wire, undefined), scope, links, parentEntityVersionId, rootEntityVersionId };
  });
}

const rows = db => db.query('SELECT * FROM span_events ORDER BY cursorId');

test('600 varied spans are the rows that Mastra writes, in all 36 columns', async t => {
  const { db, write, theirs } = await bothWays(t);
  const seed = Date.now();
  t.diagnostic(`seed ${seed}`);
  const spans = records(seed);
  for (let start = 0; start < SPANS; start += 100) {
    const batch = spans.slice(start, start + 100);
    await write(batch);
    await theirs.mastra(batch);
  }
  const [written, expected] = [await rows(db), await rows(theirs.db)];
  assert.equal(Object.keys(expected[0]).length, COLUMNS);
  for (const name of Object.keys(expected[0])) assert.ok(expected.some(row => row[name] !== null), `${name} is never set`);
  assert.ok(expected.length > SPANS && expected.length < 2 * SPANS, 'spans that have ended and spans that have not');
  expected.forEach((row, index) => assert.deepEqual(written[index], row, `row ${index} of ${expected.length}`));
  assert.equal(written.length, expected.length);
});

test('a table with a column that is not known is written by Mastra, a batch that is sent again once', async t => {
  const { db, write, theirs } = await bothWays(t);
  await db.execute('ALTER TABLE span_events ADD COLUMN added VARCHAR');
  const batch = records(1);
  await write(batch);
  await write(batch);
  await theirs.mastra(batch);
  assert.deepEqual(await rows(db), (await rows(theirs.db)).map(row => ({ ...row, added: null })));
});

test('a value that is not text in a column of text is written by Mastra', async t => {
  const { db, write, theirs } = await bothWays(t);
  for (const odd of [7, 0.5, true, { id: 'u-1' }]) {
    const batch = [{ ...records(1)[0], spanId: `span-${odd}`, userId: odd }];
    await write(batch);
    await theirs.mastra(batch);
  }
  assert.deepEqual(await rows(db), await rows(theirs.db));
});

test('a batch is stored whole or not at all, and the next one is', async t => {
  const { db, write } = await bothWays(t);
  const batch = records(1).slice(0, 20);
  const broken = Object.defineProperty({ ...batch[10] }, 'input', { get() { throw new Error('broken off'); } });
  await assert.rejects(write(batch.with(10, broken)), /broken off/);
  assert.deepEqual(await rows(db), []);
  await write(batch);
  assert.equal(new Set((await rows(db)).map(({ spanId }) => spanId)).size, 20);
});

test('a span that was stored running is not started again when it ends', async t => {
  const { db, write } = await bothWays(t);
  const ended = { ...records(1)[0], startedAt: new Date(1000), endedAt: new Date(2000) };
  await write([{ ...ended, endedAt: null }]);
  await write([ended, ended]);
  assert.deepEqual((await rows(db)).map(({ eventType }) => eventType), ['start', 'end']);
});

test('a long text is written in steps as JSON.stringify writes it', () => {
  // A pair of surrogates is at the end of a step in one of two of these.
  const texts = ['x', '"\\\n', '😀', 'ä\ud83d', '\ude00'].flatMap(text => ['', 'x'].map(head => head + text.repeat(2_500_000 / text.length)));
  for (const text of texts) {
    for (const value of [text, [1, text, null, { a: undefined }], { 'a"b': { text, b: undefined, c: 0.5 } }]) {
      const written = jsonText(value);
      let [step, steps] = [written.next(), 1];
      for (; !step.done; step = written.next()) steps++;
      assert.ok(step.value === JSON.stringify(value), JSON.stringify(text.slice(0, 5)));
      assert.ok(steps > 2, `${steps} steps`);
    }
  }
});
