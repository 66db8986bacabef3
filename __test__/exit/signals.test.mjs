// An application with a signal handler of its own decides how it ends; the exporter does not interfere.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startCollector } from '../../examples/demo/collector.mjs';
import { runToEnd, startFixture } from '../support/process.mjs';
import { arrivals, missing, numbered } from '../support/spans.mjs';

const HOW = ['on', 'once', 'async', 'prepended', 'prependedOnce'];
const WHEN = ['before construction', 'after construction', 'after the first export'];
const OTHER = ['none', 'signal-exit 3', 'signal-exit 4', 'signal-exit 3 and 4', 'plain'];

const CASES = HOW.flatMap((how) => WHEN.map((when) => ({ other: 'none', how, when, signal: 'SIGTERM' })));
// Beside others, one point in time: that the exporter's listener is the first does not depend on them.
for (const other of OTHER.slice(1)) for (const how of ['once', 'prependedOnce']) CASES.push({ other, how, when: WHEN[1], signal: 'SIGTERM' });
for (const signal of ['SIGINT', 'SIGHUP']) for (const how of ['once', 'prependedOnce']) CASES.push({ other: 'none', how, when: how === 'once' ? WHEN[0] : WHEN[2], signal });

async function signalled({ other, how, when = WHEN[0], signal }) {
  const collector = await startCollector();
  try {
    const child = startFixture('signal-handler.mjs', { URL: collector.url, HOW: how, WHEN: when, OTHER: other, SIGNAL: signal });
    await child.said('ready');
    child.kill(signal);
    return { ...(await child.ended), counts: arrivals(collector) };
  } finally {
    await collector.close();
  }
}

const beside = (other) => (other === 'none' ? 'alone' : other === 'plain' ? 'beside a plain listener' : `beside ${other}`);

describe('a signal handler of the application', { concurrency: 3 }, () => {
  for (const { other, how, when, signal } of CASES) {
    test(`${how} handler for ${signal}, ${when}, ${beside(other)}: runs to its end, its spans are delivered`, async () => {
      const { code, signal: endedBy, stdout, stderr, counts } = await signalled({ other, how, when, signal });
      assert.deepEqual([code, endedBy, stderr], [5, null, '']);
      assert.match(stdout, /^handler done$/m);
      assert.equal(stdout.split('handler done').length, 2, 'once');
      const inCallbacks = other.startsWith('signal-exit') ? numbered(10, 'c') : [];
      assert.deepEqual(missing([...numbered(100), ...numbered(50, 'h'), ...inCallbacks], counts), []);
      const twice = [...counts].filter(([id, count]) => count !== (other === 'signal-exit 3 and 4' && id.startsWith('c') ? 2 : 1));
      assert.deepEqual(twice, [], 'nothing twice');
      if (other === 'plain') assert.match(stdout, /^plain listener$/m);
    });
  }
});

describe('no handler of the application', { concurrency: 3 }, () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    for (const other of OTHER.filter((name) => name.startsWith('signal-exit'))) {
      for (const when of signal === 'SIGTERM' ? ['before', 'after'] : ['before']) {
        test(`${signal} beside ${other}, loaded ${when}: its callback has its turn and may export, the signal ends the process`, async () => {
          const { code, signal: endedBy, stdout, stderr, counts } = await signalled({ other, how: 'none', when, signal });
          assert.deepEqual([code, endedBy, stderr], [null, signal, '']);
          assert.equal(stdout.match(/^signal-exit: null SIG/gm)?.length, other === 'signal-exit 3 and 4' ? 2 : 1);
          assert.deepEqual(missing([...numbered(100), ...numbered(10, 'c')], counts), []);
        });
      }
    }
  }
});

// A stand-in for Windows: its name, and a `kill` that records its arguments. Windows itself is not available here.
test('Windows: Ctrl+Break is heard, delivers, and ends the process', async () => {
  const collector = await startCollector();
  try {
    const { code, stdout, stderr } = await runToEnd('windows.mjs', { URL: collector.url });
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), { kills: ['SIGINT'], left: 0 });
    assert.deepEqual(missing(numbered(100), arrivals(collector)), []);
  } finally {
    await collector.close();
  }
});
