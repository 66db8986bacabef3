// The parts of the benchmark that do not measure.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { chart } from '../../bench/chart.mjs';
import { parseOptions } from '../../bench/options.mjs';
import { PROFILES } from '../../bench/profiles.mjs';
import { table } from '../../bench/report.mjs';
import { median, spread } from '../../bench/statistics.mjs';
import { TARGETS } from '../../bench/targets.mjs';

const figure = (ratio) => ({ peer: spread([10, 20]), ours: spread([5, 6]), ratio: spread([ratio]) });
const figures = (ratio) => Object.fromEntries(
  ['mainUs', 'processUs', 'longestMs', 'p99Ms', 'spansPerSecond', 'rssMiB', 'bytesPerSpan'].map((key) => [key, figure(ratio)]),
);

test('median and spread', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.deepEqual(spread([10, 9, 100]), { median: 10, min: 9, max: 100 });
});

test('options, and errors that say what is allowed', () => {
  const names = ['tiny', 'paced'];
  assert.equal(parseOptions([], names).pairs, 5);
  assert.equal(parseOptions(['--quick', '--pairs', '7'], names).pairs, 1);
  assert.equal(parseOptions(['--profile', 'tiny'], names).profile, 'tiny');
  assert.throws(() => parseOptions(['--profile', 'small'], names), /--profile is 'small'; it may be tiny, paced/);
  for (const pairs of ['0', '1.5', 'x']) assert.throws(() => parseOptions(['--pairs', pairs], names), /--pairs is .* whole number from 1/);
  assert.throws(() => parseOptions(['--fast'], names), /--fast/);
});

test('a figure meets its target or misses it', () => {
  assert.match(table('typical', figures(TARGETS.mainUs.typical)), /main-thread CPU.* meets 0.35/);
  assert.match(table('typical', figures(TARGETS.mainUs.typical + 0.01)), /main-thread CPU.* MISSES 0.35/);
});

test('profiles have the sizes that their names stand for', () => {
  // The record has some 230 bytes more than the span.
  const bytes = (name) => Buffer.byteLength(JSON.stringify(PROFILES[name].make(12_345))) + 230;
  const sizes = { tiny: 1_200, typical: 2_200, large: 15_000, unicode: 12_000, huge: 128_000 };
  for (const [name, size] of Object.entries(sizes)) {
    assert.ok(Math.abs(bytes(name) - size) < size / 10, `${name} has ${bytes(name)} bytes`);
  }
  assert.notEqual(PROFILES.tiny.make(1).attributes, PROFILES.tiny.make(1).attributes);
});

test('the chart is a picture of the figures', () => {
  const profiles = { typical: figures(0.5), huge: figures(0.5) };
  const svg = chart({ node: 'v22.1.0', cpu: '2 x "A" <B> & C', pairs: 5, packages: { '@mastra/observability': '1.0.0' }, profiles });
  assert.equal(svg.match(/class="peer" x="\d+" y="\d+" width="[\d.]+" height="13"/g)?.length, 4);
  assert.match(svg, /2 x &#34;A&#34; &#60;B&#62; &#38; C/);
  const opened = svg.match(/<[a-z]+/g).length;
  assert.equal(opened, svg.match(/\/>|<\/[a-z]+>/g).length, 'every element is closed');
});
