// Records that are too large, or whose JSON has no end: only these records may be lost. Other records, the memory of
// the process and its event loop do not suffer.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startCollector } from '../../examples/demo/collector.mjs';
import { runToEnd } from '../support/process.mjs';
import { GRAPHS } from '../support/graphs.mjs';
import { arrivals } from '../support/spans.mjs';

const MB = 1_000_000;
const MAX_GROWTH = 300 * MB;

const WARNINGS = {
  recordTooLarge: /^Dropped a record that (cannot be exported|is too large)$/,
  replaced: /^Replaced values that JSON cannot represent$/,
};

describe('a record over maxRecordBytes or without end', { concurrency: 2 }, () => {
  for (const [index, [name, , outcome]] of GRAPHS.entries()) {
    test(`${name}: costs itself at most, with a warning; memory bounded, no hang`, async (t) => {
      const collector = await startCollector();
      try {
        const { code, signal, stdout, stderr } = await runToEnd('graph.mjs', { URL: collector.url, CASE: `${index}` }, { nodeArgs: ['--expose-gc'] });
        assert.deepEqual([code, signal], [0, null], signal === 'SIGKILL' ? 'hung' : stderr);
        const { growth, ms, warnings, stats } = JSON.parse(stdout);
        t.diagnostic(`grew by ${Math.round(growth / MB)} MB, took ${ms} ms`);

        const arrived = arrivals(collector);
        const sent = arrived.has('bad');
        if (outcome !== 'either') assert.equal(sent, outcome === 'replaced');
        assert.deepEqual([...arrived.keys()], sent ? ['good-0', 'bad', 'good-1'] : ['good-0', 'good-1']);
        assert.deepEqual([stats.accepted, stats.delivered, stats.dropped.recordTooLarge], sent ? [3, 3, 0] : [3, 2, 1]);
        assert.deepEqual(warnings.map(({ spanId }) => spanId), ['bad'], 'one warning, naming the span');
        assert.match(warnings[0].message, sent ? WARNINGS.replaced : WARNINGS.recordTooLarge);
        assert.ok(growth < MAX_GROWTH, `grew by ${Math.round(growth / MB)} MB`);
      } finally {
        await collector.close();
      }
    });
  }
});
