// Bodies that are meant to hurt: what others want of the collector goes on.
import assert from 'node:assert/strict';
import { createServer, request as httpRequest } from 'node:http';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';

import { ByteBudget } from '../src/byte-budget.mjs';
import { readBody } from '../src/body.mjs';
import { findRecords } from '../src/record-list.mjs';
import { parseRecords } from '../src/record-parts.mjs';
import { mayBeUnstorable, storable } from '../src/text.mjs';
import { TOKEN, startCollector } from './support/collector.mjs';
import { residentMb } from './support/load.mjs';
import { LOOP_WATCH, assertBrief, cpuMs, loopHeldMs } from './support/loop.mjs';
import { collectorFor, duckdb, test } from './support/test.mjs';
import { span } from './support/wire.mjs';

const MIB = 1024 * 1024;
const headers = { authorization: `Bearer ${TOKEN}` };
/** Repeats text until it has a size. */
const filled = (text, size) => text.repeat(Math.floor(size / text.length));
const list = records => `{"spans":[${records}]}`;

/** Bodies of at most 64 MiB, what they come to, and their size as they are sent. */
const BODIES = [
  ['records without end', () => `${list(filled('{},', 24 * MIB))}`, 413, /more than 50000 records/],
  ['a record of values without end', () => list(`{"a":[${filled('[],', 24 * MIB)}0]}`), 200, /has \d+ bytes of JSON: 16777216 are allowed/],
  ['a smaller one', () => list(`{"a":[${filled('[],', 15 * MIB)}0]}`), 200, /has \d+ values: 50000 are allowed/],
  ['depth without end', () => list(filled('[', 40_000) + filled(']', 40_000)), 200, /nested \d+ levels deep: 500 are allowed/],
  ['as many bad records as there may be', () => list(filled('{"traceId":"x","input":"................"},', 2 * MIB) + '{}'), 200, /is not a string/],
  ['strings of quotes', () => list(`{"a":"${filled('\\"', 15 * MIB)}"}`), 200, /is not a string/],
  ['NULs', () => list(`{"a":"${filled('\\u0000', 15 * MIB)}"}`), 200, /is not a string/],
  ['text that is not ASCII', () => list(`{"a":"${filled('ä', 7 * MIB)}"}`), 200, /is not a string/],
  ['fields without end', () => list(`{${Array.from({ length: 49_000 }, (_, i) => `"\\u0000${i}":1`)}}`), 200, /has 49000 fields: 1000/],
  ['short strings', () => list(`{"a":[${filled('"",', 15 * MIB)}""]}`), 200, /values: 50000/],
  ['much beside the records', () => `{"a":[${filled('[],', 24 * MIB)}0],"spans":[]}`, 400, /beside its list/],
  ['no list at all', () => filled('[],', 24 * MIB), 400, /no list/],
  ['more than it may be unpacked', () => list(filled(' ', 70 * MIB)), 413, /larger than 67108864/],
];

test('bodies that unpack to a lot hold up nobody', async t => {
  const env = { MASTRA_CLOUD_ACCESS_TOKEN: TOKEN, NODE_OPTIONS: LOOP_WATCH };
  const collector = await startCollector(await duckdb(t), env);
  t.after(() => collector.stop());
  await loopHeldMs(collector);

  for (const [name, text, status, reason] of BODIES) {
    const body = gzipSync(text(), { level: 1 });
    let answered = false;
    const publishing = collector.request('/ai/spans/publish', { method: 'POST', headers: { ...headers, 'content-encoding': 'gzip' }, body })
      .finally(() => { answered = true; });
    let healthy = 0;
    while (!answered) healthy += (await collector.request('/healthz')).status === 200 ? 1 : 0;
    const response = await publishing;
    const answer = await response.json();
    assert.equal(response.status, status, `${name}: ${JSON.stringify(answer)}`);
    assert.ok(healthy > 0, name);
    if (status === 200) assert.ok(answer.refused > 0 && answer.stored === 0, name);
    assert.match(answer.error ?? answer.reason, reason, name);
  }
  const refusals = collector.output.stderr.split('\n').filter(line => line.includes('refused'));
  assert.equal(refusals.length, 1, 'one line, however many there are');
  const held = await loopHeldMs(collector);
  const peak = residentMb(collector.pid, 'VmHWM');
  t.diagnostic(`the loop was held for ${held} ms of CPU at most, memory was ${peak} MB at most`);
  assertBrief(held, 'a turn of the loop');
  assert.ok(peak < 1024, `${peak} MB`);
  assert.equal((await collector.publish('spans', [span()])).stored, 1);
});

/** The largest records that are accepted, or nearly. */
const LARGE = [
  ['text', { input: 'x'.repeat(15.9 * MIB) }],
  ['text that is not ASCII', { output: 'ä'.repeat(7.9 * MIB) }],
  ['quotes', { input: '"'.repeat(7.9 * MIB) }],
  ['values', { input: Array.from({ length: 49_000 }, (_, index) => `value ${index} ${'x'.repeat(300)}`) }],
];

// Only DuckDB, because Mastra's stores for the others write a record in one piece.
test('the largest record does not hold the loop while it is stored in DuckDB', async t => {
  const env = { MASTRA_CLOUD_ACCESS_TOKEN: TOKEN, NODE_OPTIONS: LOOP_WATCH };
  const collector = await startCollector(await duckdb(t), env);
  t.after(() => collector.stop());
  await collector.publish('spans', [span()]);
  for (const [name, fields] of LARGE) {
    // The least of three times is its own, what is more is the garbage collector's and the machine's.
    let held = Infinity;
    for (let times = 0; times < 3; times++) {
      await loopHeldMs(collector);
      const { stored } = await collector.publish('spans', [{ ...span(), ...fields }]);
      held = Math.min(held, await loopHeldMs(collector));
      assert.equal(stored, 1, name);
    }
    t.diagnostic(`${name}: ${held} ms`);
    assertBrief(held, name);
  }
});

test('no step of what is computed for such a body is long', t => {
  let longest = { ms: 0, name: '' };
  for (const [name, make] of BODIES.filter(([, , status]) => status === 200)) {
    const body = Buffer.from(make());
    // The same steps each time: the least time that one takes is its own, what is more is the machine's.
    const steps = [];
    for (let times = 0; times < 2; times++) {
      let number = 0;
      const timed = generator => {
        for (;;) {
          const before = cpuMs();
          const { done, value } = generator.next();
          steps[number] = Math.min(steps[number] ?? Infinity, cpuMs() - before);
          number++;
          if (done) return value;
        }
      };
      try {
        const texts = timed(findRecords(body, 'spans'));
        // Each of many records is small.
        if (texts.length > 100) continue;
        timed(parseRecords(body, texts, 0, { signal: 'spans', projectId: undefined, onRefused: () => {} }));
      } catch (error) {
        assert.ok([400, 413].includes(error.status), error.stack);
      }
    }
    for (const ms of steps) if (ms > longest.ms) longest = { ms, name };
  }
  t.diagnostic(`${longest.name}: ${Math.round(longest.ms)} ms of CPU at most`);
  assertBrief(longest.ms, longest.name);
});

test('NULs and lone surrogates are replaced in JSON text as in what it stands for, and broken JSON stays broken', () => {
  const characters = ['\\', '"', 'u', '\0', '\ud83d', '\ude00', 'ä', '😀', '\n', '0000', 'd83d', ',', '{', '}'];
  const escapes = characters.map(character => JSON.stringify(character).slice(1, -1)).concat('\\uDE00', '\\uD83D', '\\u00e4', '\\', '"');
  const replaced = value => {
    if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\uFFFD');
    if (Array.isArray(value)) return value.map(replaced);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [replaced(key), replaced(item)]));
  };
  const parsed = json => {
    try {
      return { value: JSON.parse(json) };
    } catch {
      return 'not JSON';
    }
  };
  let valid = 0;
  for (let seed = 1; seed <= 20_000; seed++) {
    const random = randomOf(seed);
    const text = pieces => Array.from({ length: Math.floor(random() * 7) }, () => pieces[Math.floor(random() * pieces.length)]).join('');
    const [key, first, second] = [characters, characters, characters].map(text);
    const json = random() < 0.5 ? JSON.stringify({ [key]: [first, { [second]: first }] }) : `{"${text(escapes)}":["${text(escapes)}"]}`;
    const expected = parsed(json);
    if (expected !== 'not JSON') valid++;
    const found = parsed(runToEnd(storable(json)));
    assert.deepEqual(found, expected === 'not JSON' ? expected : { value: replaced(expected.value) }, `seed ${seed}: ${json}`);
    assert.ok(mayBeUnstorable(json) || runToEnd(storable(json)) === json, `seed ${seed}: ${json}`);
  }
  assert.ok(valid > 5_000 && valid < 19_000, `${valid} of 20000 are JSON`);
});

test('bodies that come slowly, or not to their end, stop nobody', async t => {
  const collector = await collectorFor(t, await duckdb(t));
  const text = JSON.stringify({ spans: [span()] });
  const slow = await Promise.all(Array.from({ length: 50 }, async () => {
    const request = httpRequest(`${collector.url}/ai/spans/publish`, {
      method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(text) }, agent: false,
    });
    const answered = once(request, 'response');
    answered.catch(() => {});
    request.on('error', () => {});
    await new Promise(resolve => { request.write(text.slice(0, 200), resolve); });
    return { request, answered };
  }));
  for (let times = 0; times < 10; times++) assert.equal((await collector.publish('spans', [span()])).stored, 1);
  slow[0].request.end(text.slice(200));
  const [response] = await slow[0].answered;
  assert.equal(response.statusCode, 200, 'and is stored when it has come');
  for (const { request } of slow) request.destroy();
});

test('a body of which nothing comes for 10 s is given up, one that waits for room is not', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let room = () => {};
  let isReading = () => {};
  const answers = [];
  const server = createServer(async (request, response) => {
    const reading = readBody(request, async () => {
      isReading();
      await new Promise(resolve => { room = resolve; });
    });
    answers.push(reading.then(body => body.toString(), error => error));
    await reading.catch(() => {});
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.closeAllConnections());
  const begin = async () => {
    const reads = new Promise(resolve => { isReading = resolve; });
    const request = httpRequest({ port: server.address().port, method: 'POST', agent: false, headers: { 'content-length': 4 } });
    request.on('error', () => {});
    request.write('ab');
    await reads;
    return request;
  };
  const turn = () => new Promise(resolve => { setImmediate(resolve); });

  const waiting = await begin();
  t.mock.timers.tick(60_000);
  const reads = new Promise(resolve => { isReading = resolve; });
  room();
  waiting.end('cd');
  await reads;
  room();
  assert.equal(await answers[0], 'abcd');

  await begin();
  room();
  await turn();
  t.mock.timers.tick(9_999);
  await turn();
  assert.equal(await Promise.race([answers[1], turn()]), undefined);
  t.mock.timers.tick(1);
  assert.deepEqual([(await answers[1]).status, (await answers[1]).message], [408, 'nothing of the body came for 10 s']);
  server.close();
});

test('the budget of bytes is never exceeded, and nobody waits for ever', async () => {
  const limit = 100;
  for (let seed = 1; seed <= 300; seed++) {
    const random = randomOf(seed);
    const budget = new ByteBudget(limit);
    let held = 0;
    const outcomes = await Promise.all(Array.from({ length: 12 }, async () => {
      const share = budget.open();
      let own = 0;
      try {
        for (let chunks = Math.floor(random() * 6); chunks >= 0; chunks--) {
          const bytes = 1 + Math.floor(random() * 15);
          await share.take(bytes);
          own += bytes;
          held += bytes;
          assert.ok(held <= limit, `seed ${seed}: ${held}`);
          if (random() < 0.5) await null;
        }
        share.whole();
        await null;
        return 200;
      } catch (error) {
        return error.status;
      } finally {
        held -= own;
        share.close();
      }
    }));
    assert.ok(outcomes.includes(200), `seed ${seed}`);
    assert.ok(outcomes.every(outcome => outcome === 200 || outcome === 503), `seed ${seed}: ${outcomes}`);
    assert.equal(budget.usedBytes, 0, `seed ${seed}`);
  }
});

test('records are found as JSON.parse finds them', () => {
  for (let seed = 1; seed <= 2000; seed++) {
    const random = randomOf(seed);
    const spans = Array.from({ length: Math.floor(random() * 5) }, () => anyValue(random, 3));
    const body = { a: anyValue(random, 2), spans, spans2: [1], b: 'spans' };
    const text = Buffer.from(JSON.stringify(body, null, random() < 0.5 ? 2 : 0));
    const found = runToEnd(findRecords(text, 'spans')).map(({ start, end }) => JSON.parse(text.toString('utf8', start, end)));
    assert.deepEqual(found, spans, `seed ${seed}`);
  }
});

test('what is cut off, or broken anywhere, is not JSON or costs a record', () => {
  const spans = [{ a: 'x"]},{' }, [1, { b: '\\' }], 'c'];
  const text = JSON.stringify({ other: [1], spans, last: {} });
  for (let at = 0; at < text.length; at++) {
    const start = Buffer.from(text.slice(0, at));
    if (at > 0) assert.throws(() => runToEnd(findRecords(start, 'spans')), { status: 400 }, String(start));
    for (const character of '"\\[]{},x') {
      const broken = text.slice(0, at) + character + text.slice(at + 1);
      let whole;
      try {
        whole = JSON.parse(broken).spans;
      } catch {
        whole = undefined;
      }
      let found;
      try {
        const body = Buffer.from(broken);
        found = runToEnd(findRecords(body, 'spans')).map(({ start: from, end }) => JSON.parse(body.toString('utf8', from, end)));
      } catch {
        found = undefined;
      }
      if (whole !== undefined) assert.deepEqual(found, Array.isArray(whole) ? whole : undefined, broken);
    }
  }
});

/** @param {Generator<void, any>} generator */
function runToEnd(generator) {
  for (;;) {
    const { done, value } = generator.next();
    if (done) return value;
  }
}

/** Numbers from 0 to 1 that are the same for a seed. */
function randomOf(seed) {
  let state = seed * 2654435761;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

/** JSON of every kind, with what could be taken for its structure in its strings. */
function anyValue(random, depth) {
  const strings = ['', 'spans', '"', '\\', '\\"', ']', '}', ',', '[{', 'ä😀\u2028', '\\\\"],'];
  const kinds = [
    () => strings[Math.floor(random() * strings.length)],
    () => Math.floor(random() * 1000) - 500,
    () => random() < 0.5,
    () => null,
    ...(depth > 0 ? [
      () => Array.from({ length: Math.floor(random() * 4) }, () => anyValue(random, depth - 1)),
      () => Object.fromEntries(Array.from({ length: Math.floor(random() * 4) }, (_, i) =>
        [strings[Math.floor(random() * strings.length)] + i, anyValue(random, depth - 1)])),
    ] : []),
  ];
  return kinds[Math.floor(random() * kinds.length)]();
}
