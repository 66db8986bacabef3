// The queries of Studio's list of traces: the answers equal those of Mastra's own store of DuckDB, field by field.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { DuckDBStore } from '@mastra/duckdb';
import { ObservabilityStoragePostgresVNext } from '@mastra/pg';
import {
  parseGetTraceQueryFieldsArgs,
  parseGetTraceQueryValuesArgs,
  parseQueryThreadsInput,
  parseTraceQueryRequest,
  planThreadQuery,
  planTraceQuery,
  planTraceQueryObservedFields,
  planTraceQueryValues,
} from '@mastra/core/storage';
import pg from 'pg';

import { buildRecord } from '../src/records.mjs';
import { openStore } from '../src/store.mjs';
import { duckdb, temporaryDirectory, test, testOnClickHouse, testOnPostgres } from './support/test.mjs';
import { randomFrom, variedSpan } from './support/varied.mjs';
import { annotations } from './support/wire.mjs';

const TRACES = 80;
const HOUR_MS = 3_600_000;
/** Metadata of which some can be filtered by, and some cannot. */
const ODD_METADATA = {
  'dotted.key': 'x', '': 'x', blank: '  ', quote: '"', 'a"b': '\\', 'ünï': 'ä', ' spaced ': ' x ', nested: { text: 'x' }, list: ['x'],
  number: 7, nothing: null, long: 'x'.repeat(20_000),
};
const now = Date.now();
const timeRange = { from: new Date(now - 2 * HOUR_MS).toISOString(), to: new Date(now + HOUR_MS).toISOString() };

/** Traces of one to four spans, with scores and feedback, every signal as a batch. @param {number} seed */
function data(seed) {
  const random = randomFrom(seed);
  const batches = { spans: [], scores: [], feedback: [] };
  for (let trace = 0; trace < TRACES; trace++) {
    const root = ended({ ...variedSpan(seed + trace), parentSpanId: null, name: `root ${trace % 9}` });
    root.metadata = { ...root.metadata, threadId: random() < 0.7 ? `thread-${trace % 11}` : undefined, ...ODD_METADATA };
    batches.spans.push(root);
    for (let child = Math.floor(random() * 4); child > 0; child--) {
      const span = ended(variedSpan(seed + 1000 * child + trace));
      batches.spans.push({
        ...span, traceId: root.traceId, parentSpanId: root.spanId, attributes: { ...span.attributes, model: `model-${trace % 3}`, provider: 7 },
      });
    }
    const { scores, feedback } = annotations(root.traceId, root.spanId);
    if (random() < 0.5) batches.scores.push({ ...scores, score: Math.round(random() * 10) / 10, scorerId: `scorer-${trace % 4}` });
    if (random() < 0.5) batches.feedback.push({ ...feedback, value: random() < 0.5 ? trace % 5 : `text ${trace % 5}` });
  }
  return Object.fromEntries(Object.entries(batches).map(([signal, wires]) => [
    signal, wires.map(wire => buildRecord(/** @type {any} */ (signal), wire, undefined)),
  ]));
}

const ended = span => ({ ...span, isEvent: false, endedAt: span.endedAt ?? new Date(Date.parse(span.startedAt) + 5).toISOString() });

const field = (path, op, literal) => ({ op, left: { path }, right: { literal } });
const among = (op, path, set) => ({ op, value: { path }, set });

/** Conditions on traces. */
function conditions({ spans: [first] }) {
  const time = first.startedAt.toISOString();
  return [
    undefined,
    field('status', 'eq', 'error'),
    field('status', 'ne', 'error'),
    field('traceId', 'eq', first.traceId),
    field('startedAt', 'gte', time),
    { op: 'not', arg: field('endedAt', 'lt', time) },
    field('metadata.serviceName', 'eq', 'serviceName-3'),
    field('metadata.serviceName', 'ne', 'serviceName-3'),
    among('in', 'metadata.runId', ['runId-1', 'runId-2']),
    among('notIn', 'entityType', ['agent', 'tool']),
    { op: 'exists', path: 'threadId' },
    { op: 'notExists', path: 'metadata.userId' },
    { op: 'or', args: [field('entityName', 'eq', "it's"), { op: 'and', args: [field('environment', 'eq', 'environment-1'), field('resourceId', 'ne', 'x')] }] },
    { spans: { some: field('model', 'eq', 'model-1') } },
    { spans: { none: { op: 'and', args: [field('durationMs', 'gt', 100), field('status', 'eq', 'error')] } } },
    { spans: { some: { op: 'exists', path: 'error' } } },
    { scores: { some: field('score', 'gte', 0.5) } },
    { scores: { none: among('in', 'scorerId', ['scorer-1', 'scorer-2']) } },
    { feedback: { some: field('value', 'gt', 2) } },
    { feedback: { some: field('value', 'eq', 'text 1') } },
    { feedback: { none: { op: 'exists', path: 'value' } } },
  ];
}

/** All questions, by name; each takes a store. */
function questions(records) {
  const asked = {};
  const add = (name, ask) => { asked[`${Object.keys(asked).length} ${name}`] = ask; };
  for (const where of conditions(records)) {
    const request = { timeRange, ...(where && { where }) };
    const name = JSON.stringify(where) ?? 'all';
    for (const order of ['asc', 'desc']) {
      const plan = planTraceQuery(parseTraceQueryRequest({ ...request, orderBy: [{ field: 'startedAt', direction: order }], pagination: { page: 1, perPage: 7 } }));
      add(`page ${order} ${name}`, store => store.queryTraces(plan));
    }
    const inOrder = { ...request, orderBy: [{ field: 'endedAt', direction: 'asc' }] };
    add(`keyset ${name}`, store => all(after => store.queryTraces(planTraceQuery(parseTraceQueryRequest({ ...inOrder, page: { limit: 9, after } })))));
    const groups = { ...request, group: { by: ['threadId'] } };
    add(`groups ${name}`, store => all(after => store.queryTraces(planTraceQuery(parseTraceQueryRequest({ ...groups, page: { limit: 4, after } })))));
    for (const quantifier of ['some', 'none']) {
      const threads = { traces: { timeRange }, ...(where && { where: { traces: { [quantifier]: where } } }) };
      add(`threads ${quantifier} ${name}`, store => all(after => store.queryThreads(planThreadQuery(parseQueryThreadsInput({ ...threads, page: { limit: 4, after } })))));
    }
  }
  for (const search of [undefined, 'ID', 'ünÏ']) {
    const fields = planTraceQueryObservedFields(parseGetTraceQueryFieldsArgs({ timeRange, predicateScope: 'trace', ...(search && { search }) }));
    add(`fields ${search}`, store => store.getTraceQueryObservedFields(fields));
  }
  for (const [predicateScope, path] of [
    ['trace', 'metadata.serviceName'], ['trace', 'metadata.ünï'], ['trace', 'entityType'], ['trace', 'environment'], ['spans', 'name'],
    ['spans', 'model'], ['spans', 'provider'], ['scores', 'scorerId'], ['feedback', 'feedbackType'],
  ]) {
    let plan;
    try {
      plan = planTraceQueryValues(parseGetTraceQueryValuesArgs({ timeRange, predicateScope, path }));
    } catch {
      continue; // Mastra's planner has no suggestions for it.
    }
    add(`values ${predicateScope} ${path}`, store => store.getTraceQueryValues(plan));
  }
  return asked;
}

/** All pages, one after the other. @param {(after: string | null) => Promise<any>} ask */
async function all(ask) {
  const pages = [];
  for (let after = null; pages.length === 0 || after !== null; after = pages.at(-1).page.next) pages.push(await ask(after));
  return { pages };
}

async function write(store, { spans, scores, feedback }) {
  await store.batchCreateSpans({ records: spans });
  await store.batchCreateScores({ scores });
  await store.batchCreateFeedback({ feedbacks: feedback });
}

/** Mastra's store of DuckDB. With several threads its window functions now and then fail (see below). */
async function mastraDuckDB(t) {
  const { observability, db } = new DuckDBStore({ path: `${await temporaryDirectory(t)}/theirs.duckdb` });
  await observability.init();
  await db.execute('SET threads = 1');
  t.after(() => db.close());
  return observability;
}

/** Asks everything of a store and of one of Mastra's. @param {string} url  of an empty one */
async function compare(t, url, openTheirs) {
  t.diagnostic(`seed ${now}`);
  const records = data(now);
  const { observability: ours, close } = await openStore(url, undefined);
  t.after(close);
  await write(ours, records);
  const theirs = await openTheirs(records);
  const asked = questions(records);
  for (const [name, ask] of Object.entries(asked)) assert.deepEqual(plain(await ask(ours)), plain(await ask(theirs)), name);
  t.diagnostic(`${Object.keys(asked).length} questions`);
}

/** An answer without the cursor of the order of arrival, because each store has its own. */
function plain({ deltaCursor, ...answer }) {
  return JSON.parse(JSON.stringify(answer));
}

const duckdbWith = t => async records => {
  const theirs = await mastraDuckDB(t);
  await write(theirs, records);
  return theirs;
};

// In DuckDB 1.5 a window function on several threads fails now and then, and the database can be used
// no more until the process starts again: github.com/duckdb/duckdb/issues/25713. No run of queries shows that for sure.
test('no query of the collector has a window function', () => {
  const sources = join(import.meta.dirname, '../src');
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.mjs'));
  const code = file => readFileSync(join(sources, file), 'utf8').replaceAll(/\/\*\*[^]*?\*\//g, '');
  assert.ok(files.some(file => code(file).includes('SELECT')));
  assert.deepEqual(files.filter(file => /\bover\s*\(/i.test(code(file))), []);
});

test('traces, threads, fields and values are those of Mastra (DuckDB)', async t =>
  compare(t, `file:${(await duckdb(t))[1]}`, duckdbWith(t)));

testOnClickHouse('traces, threads, fields and values are those of DuckDB (ClickHouse)', (t, [, url]) => compare(t, url, duckdbWith(t)));

testOnPostgres('traces, threads, fields and values are those of Mastra (Postgres)', (t, [, url]) => compare(t, url, async () => {
  // Over the same rows: where the two databases differ is Mastra's.
  const pool = new pg.Pool({ connectionString: url });
  // `end` does not wait until the connections are closed. The server, which ends after it, may close them first.
  pool.on('error', () => {});
  t.after(() => pool.end());
  return new ObservabilityStoragePostgresVNext({ pool });
}));

for (const [kind, run] of [
  ['DuckDB', body => test('what arrived since is listed in this order (DuckDB)', async t => body(t, `file:${(await duckdb(t))[1]}`))],
  ['ClickHouse', body => testOnClickHouse('what arrived since is listed in this order (ClickHouse)', (t, [, url]) => body(t, url))],
  ['Postgres', body => testOnPostgres('what arrived since is listed in this order (Postgres)', (t, [, url]) => body(t, url))],
]) {
  run(async (t, url) => {
    const { observability, close } = await openStore(url, undefined);
    t.after(close);
    const roots = Array.from({ length: 5 }, (_, index) => buildRecord('spans', ended({ ...variedSpan(index), parentSpanId: null }), undefined));
    const ask = extra => observability.queryTraces(planTraceQuery(parseTraceQueryRequest({ timeRange, ...extra })));
    const ids = ({ traces }) => traces.map(({ traceId }) => traceId);
    await observability.batchCreateSpans({ records: roots.slice(0, 2) });
    const { deltaCursor, traces } = await ask({ pagination: { page: 0, perPage: 10 } });
    assert.equal(traces.length, 2, kind);
    for (const root of [...roots.slice(2), roots[0]]) await observability.batchCreateSpans({ records: [root] });
    const since = await ask({ mode: 'delta', after: deltaCursor, limit: 2 });
    assert.deepEqual([ids(since), since.delta.hasMore], [[roots[2].traceId, roots[3].traceId], true]);
    const rest = await ask({ mode: 'delta', after: since.deltaCursor, limit: 2 });
    assert.equal(ids(rest)[0], roots[4].traceId);
    const nothing = await ask({ mode: 'delta', after: rest.deltaCursor, limit: 2 });
    assert.deepEqual([nothing.traces, nothing.delta.hasMore], [[], false]);
  });
}
