// An application with a signal handler of its own decides how it ends; the exporter stays out of its way.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startCollector } from '../../examples/demo/collector.mjs';
import { startFixture } from '../support/lost-child.mjs';
import { arrivals, missing, numbered } from '../support/lost-spans.mjs';

const HOW = ['on', 'once', 'async'];
const WHEN = ['before construction', 'after construction', 'after the first export'];
const OTHER = ['none', 'signal-exit', 'plain'];

const CASES = OTHER.flatMap((other) => HOW.flatMap((how) => WHEN.map((when) => ({ other, how, when, signal: 'SIGTERM' }))));
for (const signal of ['SIGINT', 'SIGHUP']) CASES.push({ other: 'none', how: 'once', when: WHEN[0], signal });

async function signalled({ other, how, when = WHEN[0], signal }) {
  const collector = await startCollector();
  try {
    const child = startFixture('lost-handler.mjs', { URL: collector.url, HOW: how, WHEN: when, OTHER: other, SIGNAL: signal });
    await child.said('ready');
    child.kill(signal);
    return { ...(await child.ended), counts: arrivals(collector) };
  } finally {
    await collector.close();
  }
}

const OTHER_NAMES = { none: 'alone', 'signal-exit': 'beside another copy of signal-exit', plain: 'beside a plain listener' };

describe('a signal handler of the application', { concurrency: 3 }, () => {
  for (const { other, how, when, signal } of CASES) {
    test(`${how} handler for ${signal}, ${when}, ${OTHER_NAMES[other]}: runs to its end, its spans are delivered`, async () => {
      const { code, signal: endedBy, stdout, stderr, counts } = await signalled({ other, how, when, signal });
      assert.deepEqual([code, endedBy, stderr], [5, null, '']);
      assert.match(stdout, /^handler done$/m);
      assert.equal(stdout.split('handler done').length, 2, 'once');
      assert.deepEqual(missing([...numbered(100), ...numbered(50, 'h')], counts), []);
      assert.deepEqual([...counts.values()].filter((count) => count !== 1), [], 'nothing twice');
      if (other === 'plain') assert.match(stdout, /^plain listener$/m);
    });
  }
});

describe('no handler of the application', { concurrency: 3 }, () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    test(`${signal} beside another copy of signal-exit: both have their turn, the signal ends the process`, async () => {
      const { code, signal: endedBy, stdout, stderr, counts } = await signalled({ other: 'signal-exit', how: 'none', signal });
      assert.deepEqual([code, endedBy, stderr], [null, signal, '']);
      assert.equal(stdout.match(/^signal-exit copy: null SIG/gm)?.length, 1);
      assert.deepEqual(missing(numbered(100), counts), []);
    });
  }
});
