// The number of characters that the walk over a record counts: at most the length of its JSON, so that no record within
// the limit is dropped, and not much less, so that memory is bounded.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { facadeModule } from '../support/facade.mjs';
import { randomValues } from '../support/random-values.mjs';

const { flatten } = await facadeModule('encode/flat');
const { Replacements } = await facadeModule('encode/replacements');
const { TextTooLongError } = await facadeModule('encode/safe-json');
const { Words } = await facadeModule('encode/words');

const RECORDS = 4_000;
const LIMIT = 2 ** 20;

test('no record is counted as longer than its JSON', () => {
  const [random, words] = [randomValues(7), new Words()];
  let counted = 0;
  for (let index = 0; index < RECORDS; index += 1) {
    const record = random.record(index);
    let json;
    try {
      json = JSON.stringify({ ...record });
    } catch {
      // BigInt and the like have no JSON.
      continue;
    }
    const chars = flatten(record, words, json.length, new Replacements());
    assert.ok(chars <= json.length, json);
    counted += 1;
    words.clear();
  }
  assert.ok(counted > RECORDS * 0.9);
});

/** Few objects, which JSON writes out many times. */
const times = (count, value) => new Array(count).fill(value);
const SHARED = {
  'empty strings': '', 'short strings': 'ab', integers: 7, doubles: 0.5, booleans: true, nulls: null, holes: undefined, dates: new Date(0),
  'empty objects': {}, 'empty arrays': [], 'objects with an empty key': { '': 0 }, 'objects with very many keys': Object.fromEntries(times(500, '').map((_, index) => [`k${index}`, 0])),
};

describe('few objects that JSON writes out many times', () => {
  for (const [name, value] of Object.entries(SHARED)) {
    test(`${name}: given up while they take a few bytes for each character of the limit`, () => {
      const words = new Words();
      let most = 0;
      const counting = new Proxy(words, {
        get: (_, key) => {
          most = Math.max(most, words.length);
          const member = words[key];
          return typeof member === 'function' ? member.bind(words) : member;
        },
      });
      assert.throws(() => flatten({ a: times(100, times(50_000, value)) }, counting, LIMIT, new Replacements()), TextTooLongError);
      assert.ok(most <= LIMIT, `${most} words`);
      assert.equal(words.length, 1, 'nothing is left of the record');
    });
  }
});

test('a large record that is given up leaves nothing in the buffer', () => {
  const bytes = (givenUp) => {
    const words = new Words();
    const add = (record) => flatten(record, words, LIMIT, new Replacements());
    words.kind(1);
    add({ a: 1, b: 'before' });
    if (givenUp) assert.throws(() => add({ a: times(100_000, 7), c: 'x'.repeat(LIMIT) }), TextTooLongError);
    add({ a: 2, b: 'after' });
    return Buffer.from(words.write()).toString('hex');
  };
  assert.equal(bytes(true), bytes(false));
});
