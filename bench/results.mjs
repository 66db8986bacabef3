// The committed results: figures and charts, one file of each for a major version of Node.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

import { chart } from './chart.mjs';
import { growthChart } from './growth-chart.mjs';
import { PROFILES } from './profiles.mjs';
import { summary } from './summary.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * Writes the figures of some profiles in place of those that the file has of this machine, the charts and the summary.
 * @param {{ node: string, pairs: number }} options
 * @param {number} load  load average of the minute before the runs
 */
export function save({ node, pairs }, load, profiles, growth) {
  const machine = environment(node);
  const name = here(`results/node-${machine.node.slice(1).split('.')[0]}`);
  const saved = existsSync(`${name}.json`) ? JSON.parse(readFileSync(`${name}.json`, 'utf8')) : undefined;
  const result = merged(saved, machine, { pairs, load }, profiles, growth);
  // One line for each of the innermost objects.
  const json = JSON.stringify(result, rounded, 1).replaceAll(/\{[^{}]*\}/g, (object) => object.replaceAll(/\s+/g, ' '));
  writeFileSync(`${name}.json`, `${json}\n`);
  // The charts show the figures as the file has them: rounded.
  const written = JSON.parse(json);
  writeFileSync(`${name}.svg`, chart(written));
  if (written.growth) writeFileSync(`${name}-growth.svg`, growthChart(written));
  else rmSync(`${name}-growth.svg`, { force: true });
  writeFileSync(here('results/summary.md'), summary(savedResults()));
}

/** The content of a file after a run. Figures of another machine, or of other versions, are not comparable: they go. */
export function merged(saved, { date, commit, ...where }, conditions, profiles, growth) {
  const kept = saved && Object.entries(where).every(([key, value]) => isDeepStrictEqual(saved[key], value)) ? saved : { profiles: {} };
  const all = { ...kept.profiles };
  for (const [name, figures] of Object.entries(profiles)) all[name] = { commit, ...conditions, figures };
  const names = Object.keys(PROFILES).filter((name) => all[name]);
  return {
    date,
    ...where,
    profiles: Object.fromEntries(names.map((name) => [name, all[name]])),
    growth: growth ? { commit, ...conditions, axes: growth } : kept.growth,
  };
}

/** What the committed files hold, by version of Node. */
export function savedResults() {
  const files = readdirSync(here('results')).filter((name) => name.endsWith('.json')).sort();
  return files.map((name) => JSON.parse(readFileSync(here(`results/${name}`), 'utf8')));
}

/** The machine and the versions that were measured. */
function environment(node) {
  const version = (name) => JSON.parse(readFileSync(here(`../node_modules/${name}/package.json`), 'utf8')).version;
  const run = (command, args) => execFileSync(command, args, { encoding: 'utf8' }).trim();
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: run('git', ['rev-parse', '--short', 'HEAD']),
    node: run(node, ['--version']),
    cpu: `${cpus().length} x ${cpus()[0]?.model}`,
    kernel: release(),
    packages: { '@mastra/core': version('@mastra/core'), '@mastra/observability': version('@mastra/observability') },
  };
}

/** Rounds to three digits: more digits are below the spread. */
function rounded(_key, value) {
  return typeof value === 'number' ? Number(value.toPrecision(3)) : value;
}
