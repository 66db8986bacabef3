// Every value must leave ours as the text JSON.stringify gives the peer: key order, numbers, escapes.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { runBoth, runOurs, withoutCreatedAt } from '../support/both.mjs';
import { logEvent, makeSpan, spanEvent } from '../support/events.mjs';
import { SPAN_SHAPES } from '../support/span-shapes.mjs';
import { assertSameText, splitRecords } from '../support/texts.mjs';
import { REJECTED } from '../support/rejected.mjs';
import { VALUES } from '../support/values.mjs';

// The value at several places, as a serialiser may treat a field, a property and an element apart.
const spanWith = (id, factory) => makeSpan(id, {
  metadata: { before: 1, value: factory(), after: 2 },
  attributes: { list: [factory(), [factory()]] },
  input: factory(),
});

const GROUPS = [
  ['values in a span', VALUES.map(([name, factory]) => [name, () => spanWith(name, factory)])],
  ['shapes of a span', SPAN_SHAPES],
];

async function exportAll({ exporter }, factories) {
  for (const factory of factories) await exporter.exportTracingEvent(spanEvent(factory()));
  await exporter.flush();
}

for (const [group, cases] of GROUPS) {
  describe(group, () => {
    const records = {};

    // One batch for the whole table, cut into records afterwards.
    before(async () => {
      const runs = await runBoth({ drive: (run) => exportAll(run, cases.map(([, factory]) => factory)) });
      for (const side of ['peer', 'ours']) {
        assert.equal(runs[side].requests.length, 1, `${side}: one batch`);
        records[side] = splitRecords(runs[side].requests[0].text).map(withoutCreatedAt);
      }
      records.warnings = runs.ours.calls.filter(({ level }) => level === 'warn' || level === 'error');
    });

    test('the same number of records, and no warning', () => {
      assert.equal(records.peer.length, cases.length);
      assert.equal(records.ours.length, cases.length);
      assert.deepEqual(records.warnings, []);
    });

    for (const [index, [name]] of cases.entries()) {
      test(name, () => {
        const [peer, ours] = [records.peer[index], records.ours[index]];
        assertSameText(ours, peer, name);
        assert.deepEqual(JSON.parse(ours), JSON.parse(peer));
      });
    }
  });
}

const MEGABYTE = 1 << 20;
const BIG = [
  ['a 5 MB text', () => makeSpan('big', { input: 'abcdefg\n'.repeat(5 * MEGABYTE / 8) })],
  ['a 5 MB text beyond latin-1', () => makeSpan('big', { input: '東京🗼"'.repeat(MEGABYTE) })],
  ['5 MB in many small values', () => makeSpan('big', { output: Array.from({ length: 100_000 }, (_, i) => ({ i, text: `value ${i}`, half: i / 2 })) })],
];

describe('big spans', () => {
  for (const [name, factory] of BIG) {
    test(name, async () => {
      const { peer, ours } = await runBoth({ drive: (run) => exportAll(run, [factory]) });
      assertSameText(withoutCreatedAt(ours.requests[0].text), withoutCreatedAt(peer.requests[0].text), name);
    });
  }
});

const loud = ({ calls }) => calls.filter(({ level }) => ['warn', 'error', 'trackException'].includes(level));

describe('values JSON.stringify rejects', { concurrency: true }, () => {
  for (const [name, factory, expected] of REJECTED) {
    test(name, async () => {
      const bad = () => makeSpan('bad', { metadata: { before: 1, value: factory(), after: 2 } });
      const run = await runOurs({ drive: (it) => exportAll(it, [() => makeSpan('first'), bad, () => makeSpan('last')]) });
      assert.equal(run.requests.length, 1);
      const { spans } = JSON.parse(run.requests[0].text);
      assert.deepEqual(spans.map(({ spanId }) => spanId), ['first', 'bad', 'last']);
      const [first, { metadata, createdAt, ...rest }] = spans;
      assert.deepEqual(metadata, { before: 1, value: expected, after: 2 });
      assert.deepEqual(Object.keys(rest), Object.keys(first).filter((key) => key !== 'metadata' && key !== 'createdAt'));
      assert.deepEqual(rest.output, first.output, 'the rest of the span is kept');
      assert.match(createdAt, /^\d{4}-/);
      assert.deepEqual(loud(run).map(({ level, args }) => [level, args[1].spanId]), [['warn', 'bad']]);
    });
  }

  test('several in one record: one warning', async () => {
    const { calls, requests } = await runOurs({
      drive: ({ exporter }) => exportAll({ exporter }, [() => makeSpan('twice', { input: 1n, output: [2n, { get x() { throw new Error('no'); } }] })]),
    });
    assert.equal(calls.filter(({ level }) => level === 'warn').length, 1);
    const [span] = JSON.parse(requests[0].text).spans;
    assert.deepEqual([span.input, span.output], ['1n', ['2n', { x: '[Throws: no]' }]]);
  });

  test('in a log record', async () => {
    const { calls, requests } = await runOurs({
      drive: async ({ exporter }) => {
        await exporter.onLogEvent(logEvent('bad', { data: { total: 7n } }));
        await exporter.onLogEvent(logEvent('good'));
        await exporter.flush();
      },
    });
    const { logs } = JSON.parse(requests[0].text);
    assert.deepEqual(logs.map(({ logId, data }) => [logId, data]), [['bad', { total: '7n' }], ['good', { attempt: 1 }]]);
    assert.equal(calls.filter(({ level }) => level === 'warn').length, 1);
  });
});

test('a BigInt the application taught toJSON is not rejected', async () => {
  // Common in applications with a database client; JSON.stringify asks primitives of this type, too.
  Object.defineProperty(BigInt.prototype, 'toJSON', { value() { return `${this} as text`; }, configurable: true });
  try {
    const make = () => makeSpan('s', { input: 5n, metadata: { list: [6n, Object(7n)] } });
    const { peer, ours } = await runBoth({ drive: (run) => exportAll(run, [make]) });
    assert.equal(withoutCreatedAt(ours.requests[0].text), withoutCreatedAt(peer.requests[0].text));
    assert.deepEqual(ours.calls.filter(({ level }) => level === 'warn'), []);
  } finally {
    delete BigInt.prototype.toJSON;
  }
});
