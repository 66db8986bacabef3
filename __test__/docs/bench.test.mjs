// The parts of the benchmark that do not measure.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { chart } from '../../bench/chart.mjs';
import { growthChart } from '../../bench/growth-chart.mjs';
import { AXES } from '../../bench/growth.mjs';
import { parseOptions } from '../../bench/options.mjs';
import { PROFILES, comparisonsOf, sidesOf } from '../../bench/profiles.mjs';
import { growthTable, table, targetsOf, verdicts } from '../../bench/report.mjs';
import { merged } from '../../bench/results.mjs';
import { figuresOf } from '../../bench/runs.mjs';
import { sized } from '../../bench/spans.mjs';
import { median, spread } from '../../bench/statistics.mjs';
import { TARGETS } from '../../bench/targets.mjs';

const FIGURES = ['mainUs', 'processUs', 'applicationUs', 'longestMs', 'p99Ms', 'spansPerSecond', 'rssMiB', 'bytesPerSpan'];
const round = (sides, value) => Object.fromEntries(sides.map((side) => [side, Object.fromEntries(FIGURES.map((key) => [key, value(side)]))]));
/** Figures of two rounds in which ours is `ratio` of all others. */
const figures = (name, ratio) => {
  const sides = sidesOf(name);
  const rounds = [10, 20].map((other) => round(sides, (side) => (side === sides.at(-1) ? other * ratio : other)));
  return figuresOf(rounds, sides, comparisonsOf(name));
};

test('median and spread', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.deepEqual(spread([10, 9, 100]), { median: 10, min: 9, max: 100 });
});

test('options, and errors that say what is allowed', () => {
  const names = ['tiny', 'paced'];
  assert.equal(parseOptions([], names).pairs, 5);
  assert.equal(parseOptions(['--quick', '--pairs', '7'], names).pairs, 1);
  assert.deepEqual(parseOptions(['--profile', 'tiny', '--profile', 'paced'], names).profile, names);
  assert.throws(() => parseOptions(['--quick', '--save'], names), /--save is given with --quick/);
  assert.throws(() => parseOptions(['--profile', 'small'], names), /--profile is 'small'; it may be tiny, paced/);
  for (const pairs of ['0', '1.5', 'x']) assert.throws(() => parseOptions(['--pairs', pairs], names), /--pairs is .* whole number from 1/);
  assert.throws(() => parseOptions(['--fast'], names), /--fast/);
});

test('each target is reached or missed', () => {
  const limit = TARGETS['ours:peer'].mainUs.typical;
  assert.match(table('typical', figures('typical', limit)), /main-thread CPU.* reached 0.2\n/);
  assert.match(verdicts({ typical: figures('typical', limit + 0.01) }), /typical +main-thread CPU.* MISSED 0.2\n/);
  assert.match(table('paced', figures('paced', 1.2)), /99 % of turns.*no exporter +1.2 +1.2..1.2 +MISSED 1.1\n/);
  assert.match(verdicts({ paced: figures('paced', 1.2) }), /paced +longest turn.*no exporter +1.2 +reached 1.25\n/);
  const all = Object.fromEntries(Object.keys(PROFILES).map((name) => [name, figures(name, 0.5)]));
  const count = Object.values(TARGETS).flatMap(Object.values).flatMap(Object.keys).length;
  assert.equal(targetsOf(all).length, count, 'each target has a profile');
});

test('a side without a figure is not compared', () => {
  const rounds = [{ none: { longestMs: 2 }, ours: { longestMs: 3, mainUs: 4 } }];
  const { longestMs, mainUs } = figuresOf(rounds, ['none', 'ours'], ['ours:none']);
  assert.deepEqual(Object.keys(longestMs), ['none', 'ours', 'ours:none']);
  assert.equal(longestMs['ours:none'].median, 1.5);
  assert.deepEqual(Object.keys(mainUs), ['ours']);
});

test('saved profiles of the same machine and versions stay, others go', () => {
  const machine = { date: '2026-01-02', commit: 'b', node: 'v22.1.0', cpu: 'x', packages: { p: '1' } };
  const conditions = { pairs: 3, load: 0.5 };
  const saved = { ...machine, date: '2026-01-01', profiles: { paced: { commit: 'a' }, typical: { commit: 'a' } }, growth: { commit: 'a' } };
  const { profiles, growth, date } = merged(saved, machine, conditions, { tiny: 1, typical: 2 });
  assert.deepEqual(Object.entries(profiles), [
    ['tiny', { commit: 'b', ...conditions, figures: 1 }],
    ['typical', { commit: 'b', ...conditions, figures: 2 }],
    ['paced', { commit: 'a' }],
  ]);
  assert.deepEqual([growth.commit, date], ['a', '2026-01-02']);
  const others = [{ cpu: 'y' }, { packages: { p: '2' } }].map((change) => merged(saved, { ...machine, ...change }, conditions, { tiny: 1 }, {}));
  for (const other of others) assert.deepEqual([Object.keys(other.profiles), other.growth.commit], [['tiny'], 'b']);
});

test('profiles have the sizes that their names stand for', () => {
  // The record has some 230 bytes more than the span.
  const bytes = (name) => Buffer.byteLength(JSON.stringify(PROFILES[name].make(12_345))) + 230;
  const sizes = { tiny: 1_200, typical: 2_200, large: 15_000, unicode: 12_000, huge: 128_000 };
  for (const [name, size] of Object.entries(sizes)) {
    assert.ok(Math.abs(bytes(name) - size) < size / 10, `${name} has ${bytes(name)} bytes`);
  }
  assert.notEqual(PROFILES.tiny.make(1).attributes, PROFILES.tiny.make(1).attributes);
  const length = (span) => JSON.stringify(span).length;
  assert.ok(Math.abs(length(PROFILES['many-15mb'].make(1)) - 15e6) < 1e6);
  assert.ok(length(sized(1, 50_000)) - length(sized(1, 100)) > 49_000);
});

test('mixed and many hold values that are not plain data', () => {
  const kinds = ['class', 'map', 'buffer', 'toJSON'].map((name) => PROFILES[`mixed-${name}`].make(1).metadata.odd);
  assert.deepEqual(kinds.map((value) => value.constructor.name), ['Customer', 'Map', 'Buffer', 'Object']);
  assert.equal(typeof kinds[3].toJSON, 'function');
  const [plain, odd] = ['many', 'many-class'].map((name) => PROFILES[name].make(1));
  assert.equal(plain.input.length, 60_000);
  assert.equal(Object.keys(plain.input[0]).length, 4);
  assert.deepEqual([plain.metadata.odd, odd.metadata.odd.constructor.name], [undefined, 'Customer']);
});

test('the charts are pictures of the figures', () => {
  const profiles = Object.fromEntries(['typical', 'huge', 'paced'].map((name) => [name, { figures: figures(name, 0.5) }]));
  const machine = { node: 'v22.1.0', cpu: '2 x "A" <B> & C', packages: { '@mastra/observability': '1.0.0' } };
  const svg = chart({ ...machine, profiles });
  // Two spans in two panels, and two delays.
  assert.equal(svg.match(/class="peer" x="\d+" y="\d+" width="[\d.]+" height="13"/g)?.length, 2 * 2 + 2);
  assert.equal(svg.match(/class="none" x="\d+" y="\d+" width="[\d.]+" height="13"/g)?.length, 2);
  const points = [{ at: 1, peer: 10, ours: 2 }, { at: 100, peer: 20, ours: 4 }];
  const growing = growthChart({ ...machine, growth: { axes: Object.fromEntries(Object.keys(AXES).map((axis) => [axis, points])) } });
  assert.equal(growing.match(/path class="ours"/g).length, 3);
  assert.match(growthTable({ turn: points }), /100 +20 +4 +0.2\n/);
  for (const picture of [svg, growing]) {
    assert.match(picture, /2 x &#34;A&#34; &#60;B&#62; &#38; C/);
    const opened = picture.match(/<[a-z]+/g).length;
    assert.equal(opened, picture.match(/\/>|<\/[a-z]+>/g).length, 'every element is closed');
  }
});
