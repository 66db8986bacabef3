// Hosts that differ from Node, such as test runners with fake timers: each log arrives or is counted, there is no
// warning, and the process ends by itself. Each case is a process of its own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { startCollector } from '../../examples/demo/collector.mjs';
import { runFixture } from '../support/child.mjs';

const CASES = [
  'fake at export, real at shutdown',
  'fake, then real',
  'a flush begun under real timers ends under fake ones',
  'Date.now answers nothing',
  'Date cannot be constructed',
  'performance.now answers nothing, and the process exits',
  'no setImmediate',
];

async function run(name) {
  const collector = await startCollector();
  try {
    const { code, signal, stdout, stderr } = await runFixture('odd-host.mjs', { CASE: name, URL: collector.url });
    assert.deepEqual([code, signal], [0, null], stderr);
    return { ...JSON.parse(stdout), arrived: collector.records('logs').map(({ logId }) => logId) };
  } finally {
    await collector.close();
  }
}

describe('odd hosts', { concurrency: 2 }, () => {
  for (const name of CASES) {
    test(name, async () => {
      const { sent, accepted, warnings, arrived } = await run(name);
      assert.deepEqual({ accepted, warnings }, { accepted: sent, warnings: [] });
      assert.ok(sent > 0);
      assert.deepEqual(arrived.sort((a, b) => a - b), Array.from({ length: sent }, (_, index) => index + 1));
    });
  }

  test('the stack overflows: what was taken over arrives or is counted', async () => {
    const { sent, accepted, dropped, arrived } = await run('the stack overflows');
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    assert.ok(sent > 1000, `${sent} calls answered`);
    assert.ok(accepted >= sent, `${accepted} are counted`);
    assert.equal(arrived.length + lost, accepted);
    assert.equal(new Set(arrived).size, arrived.length);
  });
});
