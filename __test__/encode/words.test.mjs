// The memory that words keep between buffers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { facadeModule } from '../support/facade.mjs';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
/** The second collection waits until the memory of the first has been given back, which V8 does on another thread. */
const gc = () => [collect(), collect()];
const { Words } = await facadeModule('encode/words');

const MIB = 2 ** 20;

/** The bytes that `words` keeps after a buffer of `count` words. */
function keptAfter(words, count, before) {
  for (let index = 1; index < count; index += 1) words.null();
  words.write();
  words.clear();
  gc();
  return process.memoryUsage().arrayBuffers - before;
}

test('the memory of a large buffer is kept for a buffer as large, up to 16 MiB, and freed after a smaller one', () => {
  const words = new Words();
  gc();
  const before = process.memoryUsage().arrayBuffers;
  for (const [count, expected] of [[1000, 0], [900_000, 4], [4_000_000, 16], [3_000_000, 16], [1000, 0], [70_000, 0.5], [64 * 1024, 0], [4_200_000, 0]]) {
    const kept = keptAfter(words, count, before) / MIB;
    assert.ok(Math.abs(kept - expected) <= 0.1, `${kept} MiB after ${count} words`);
    // The next record finds the words emptied once more.
    words.clear();
    gc();
    const again = (process.memoryUsage().arrayBuffers - before) / MIB;
    assert.ok(Math.abs(again - kept) <= 0.1, `${again} MiB after ${count} words, emptied twice`);
  }
});

test('the memory of a record that was taken back is freed with the next buffer', () => {
  const words = new Words();
  gc();
  const before = process.memoryUsage().arrayBuffers;
  const start = words.position();
  for (let index = 0; index < 900_000; index += 1) words.null();
  words.rewind(start);
  const kept = keptAfter(words, 10, before) / MIB;
  assert.ok(kept <= 0.1, `${kept} MiB`);
});
