// The claims of the documents about the benchmark, compared with the committed results.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';

import { chart } from '../../bench/chart.mjs';
import { growthChart } from '../../bench/growth-chart.mjs';
import { savedResults } from '../../bench/results.mjs';
import { summary } from '../../bench/summary.mjs';
import { ROOT, prose, read } from '../support/documents.mjs';

const results = savedResults();
const text = (path) => prose(path).replaceAll(/\s+/g, ' ');
const major = ({ node }) => node.slice(1).split('.')[0];

test('the results are those that the notes name', () => {
  assert.deepEqual(results.map(major), ['22', '26']);
  assert.ok(text('bench/NOTES.md').includes('`results/node-22.json` and `results/node-26.json`'));
});

test('charts and summary show the committed figures', () => {
  for (const result of results) {
    const name = `bench/results/node-${major(result)}`;
    assert.equal(read(`${name}.svg`), chart(result));
    assert.equal(existsSync(`${ROOT}${name}-growth.svg`), result.growth !== undefined);
    if (result.growth) assert.equal(read(`${name}-growth.svg`), growthChart(result));
  }
  assert.equal(read('bench/results/summary.md'), summary(results));
});

for (const { node, profiles } of results) {
  const ratio = (figure, name) => profiles[name].figures[figure]['ours:peer'].median;

  test(`README, Node ${node}`, () => {
    assert.ok(text('README.md').includes('the main thread spends a third of the CPU or less, for huge spans a sixth.'));
    for (const name of ['tiny', 'typical', 'large', 'unicode', 'huge']) assert.ok(ratio('mainUs', name) <= 1 / (name === 'huge' ? 6 : 3), name);
  });
}
