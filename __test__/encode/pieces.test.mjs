// How records cross to the engine: flattened or as text, and how many at a time. A child process counts the
// serializer's writes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { startCollector } from '../../examples/demo/collector.mjs';
import { runFixture } from '../support/child.mjs';

async function run(name) {
  const collector = await startCollector();
  try {
    const { code, stdout, stderr } = await runFixture('wire.mjs', { CASE: name, URL: collector.url });
    assert.equal(code, 0, stderr);
    const { buffers, kept, dropped } = JSON.parse(stdout);
    assert.ok(Object.values(dropped).every((count) => count === 0), stdout);
    assert.equal(kept, 0, 'what the serializer keeps alive is empty');
    return { buffers, records: collector.records('logs') };
  } finally {
    await collector.close();
  }
}

describe('an engine whose bytes are not understood', { concurrency: true }, () => {
  for (const name of ['another version', 'one that throws', 'none', 'another form']) {
    test(`${name}: records cross as text`, async () => {
      const { records } = await run(name);
      assert.deepEqual(records.map(({ id }) => id), Array.from({ length: 100 }, (_, id) => id));
      assert.equal(records[99].text, 'x'.repeat(10));
    });
  }
});

describe('buffers', { concurrency: true }, () => {
  test('32 records at most, and the rest at the end of the turn', async () => {
    const { buffers, records } = await run('a turn');
    assert.equal(records.length, 100);
    assert.equal(buffers.length, 4);
    assert.ok(buffers[0] > 6 * buffers[3], `${buffers}`);
  });

  test('128 Ki characters and one record at most', async () => {
    const { buffers, records } = await run('large records');
    assert.deepEqual(records.map(({ text }) => text.length), Array(10).fill(100_000));
    assert.equal(buffers.length, 5);
    assert.ok(Math.max(...buffers) < 128 * 1024 + 101_000, `${buffers}`);
  });

  test('records with a toJSON are only text', async () => {
    const { buffers, records } = await run('records with a toJSON');
    assert.deepEqual(records, Array.from({ length: 5 }, (_, id) => ({ id, mine: true })));
    assert.equal(buffers.length, 1);
  });

  for (const name of ['a getter that throws', 'a proxy']) {
    test(`${name} costs the others nothing`, async () => {
      const { buffers, records } = await run(name);
      assert.deepEqual(records.map(({ id }) => id), [0, 1, 2, 3, 4]);
      assert.ok(records[2].inner, 'it arrives itself');
      assert.equal(buffers.length, 1);
    });
  }
});
