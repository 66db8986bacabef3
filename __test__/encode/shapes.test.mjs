// The limits on the shapes that an exporter keeps: some objects have other keys each time.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { facadeModule } from '../support/facade.mjs';

const { Shapes } = await facadeModule('encode/shapes');

/** The shapes that can be reached from a shape, and the characters of their texts. */
function kept({ next, others, text }) {
  const longer = [...(next ? [next] : []), ...(others?.values() ?? [])];
  return longer.map(kept).reduce((sum, { count, chars }) => ({ count: sum.count + count, chars: sum.chars + chars }), { count: 1, chars: text?.length ?? 0 });
}

/** The shape with these keys, as far as there is room. */
function shapeOf(shapes, keys) {
  let shape = shapes.root;
  for (const key of keys) {
    const longer = shapes.after(shape, key);
    if (!longer) return undefined;
    shape = longer;
  }
  shapes.numberOf(shape);
  return shape;
}

/** Buffers of 100 objects, each with a key of its own. Returns the most shapes and characters that were kept. */
function useOtherKeys(shapes, buffers, keysOf) {
  const most = { count: 0, chars: 0 };
  for (let buffer = 0; buffer < buffers; buffer += 1) {
    for (let object = 0; object < 100; object += 1) shapeOf(shapes, keysOf(buffer * 100 + object));
    shapes.clear();
    const now = kept(shapes.root);
    most.count = Math.max(most.count, now.count);
    most.chars = Math.max(most.chars, now.chars);
  }
  return most;
}

test('the number of shapes is limited, and the shapes of later objects find room again', () => {
  const shapes = new Shapes();
  assert.ok(useOtherKeys(shapes, 50, (number) => [`k${number}`]).count <= 2049);
  assert.equal(shapeOf(shapes, ['later']), undefined, 'there is no room');
  assert.ok(useOtherKeys(shapes, 60, (number) => [`l${number}`]).count <= 2049);
  assert.ok(shapeOf(shapes, ['later']), 'there is room again');
});

test('the characters of their texts are limited', () => {
  const shapes = new Shapes();
  const keys = Array.from({ length: 63 }, (_, index) => `${index}`.padStart(64, 'k'));
  const { chars } = useOtherKeys(shapes, 15, (number) => [...keys, `${number}`]);
  assert.ok(chars > 0 && chars < 2 * 2 ** 20, `${chars}`);
});

test('a key leads to the same shape again, however many other keys were looked up between', () => {
  for (const count of [1, 2, 8, 9, 10, 17, 100]) {
    const shapes = new Shapes();
    const made = Array.from({ length: count }, (_, index) => shapes.after(shapes.root, `k${index}`));
    assert.equal(new Set(made).size, count);
    // Each key is followed by each other one.
    for (let step = 1; step <= count; step += 1) {
      for (let index = 0; index < count; index += 1) {
        const number = (index * step) % count;
        assert.equal(shapes.after(shapes.root, `k${number}`), made[number], `${count} keys: ${number} in steps of ${step}`);
      }
    }
  }
});
