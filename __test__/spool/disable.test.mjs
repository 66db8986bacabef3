// setDisabled with a spool: what was exported before is not sent, by this process or by a later one, and no file keeps it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startSpool } from '../support/spool.mjs';

const COUNT = 50;

// [name, END of the fixture, what its queue may take, so that a part is in the spool alone]
const CASES = [
  ['the script ends', 'disable', undefined],
  ['the process ends in the same turn', 'disableAndExit', undefined],
  ['most records are in the spool alone', 'disable', 1 << 20],
];

describe('setDisabled with a spool', { concurrency: 2 }, () => {
  for (const [name, end, maxQueueBytes] of CASES) {
    for (const mode of ['hang', 503]) {
      const count = maxQueueBytes ? 1000 : COUNT;
      test(`${name}, the collector ${mode === 'hang' ? 'hangs' : 'answers 503'}`, async () => {
        const spool = await startSpool({ mode });
        try {
          const child = spool.start({ count, end, options: maxQueueBytes ? { maxQueueBytes } : {} });
          const { code, stdout, stderr } = await child.ended;
          assert.equal(code, 0, stderr);
          assert.deepEqual(spool.files().map(spool.content).join(''), '', 'no record is left in a file');
          assert.doesNotMatch(stdout + stderr, /kept \d+ records in its spool/);
          spool.state.mode = 'ok';
          const before = spool.collector.requests.length;
          const next = spool.start({ count: 1, prefix: 'n', end: 'shutdown', written: 0 });
          assert.equal((await next.ended).code, 0);
          assert.deepEqual(spool.collector.requests.slice(before).flatMap(({ text }) => JSON.parse(text).spans).map(({ spanId }) => spanId), ['n0']);
        } finally {
          await spool.close();
        }
      });
    }
  }

  test('records that an earlier process has left stay for the next exporter', async () => {
    const spool = await startSpool({ mode: 503 });
    try {
      const dead = spool.start({ count: COUNT });
      await dead.said('ready');
      dead.kill('SIGKILL');
      await dead.ended;
      assert.equal((await spool.start({ count: 10, prefix: 'd', end: 'disable' }).ended).code, 0);
      spool.state.mode = 'ok';
      spool.start({ count: 0, written: 0 });
      const ids = await spool.arrived(COUNT);
      assert.deepEqual(ids.filter((id) => id.startsWith('d')), []);
    } finally {
      await spool.close();
    }
  });
});
