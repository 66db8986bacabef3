// `npm run bench`: the peer's CloudExporter and ours in turn, each in a process of its own, with a collector in a
// third. NOTES.md says what is measured and how to read it.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { chart } from './chart.mjs';
import { HELP, parseOptions } from './options.mjs';
import { PROFILES } from './profiles.mjs';
import { table } from './report.mjs';
import { spread } from './statistics.mjs';

const PACED_SPANS = 150_000;
const CAPTURED_SPANS = 20_000;
const NAMES = [...Object.keys(PROFILES), 'captured', 'paced'];
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

const options = parseOptions(process.argv.slice(2), NAMES);
if (options.help) {
  console.log(HELP);
  process.exit(0);
}

const collector = spawn(process.execPath, [here('collector.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
const port = await new Promise((resolve) => collector.stdout.once('data', (data) => resolve(String(data).trim())));
const endpoint = `http://127.0.0.1:${port}`;

try {
  const names = options.profile ? [options.profile] : NAMES.filter((name) => !options.quick || name !== 'paced');
  const profiles = {};
  for (const name of names) {
    profiles[name] = await pairs(name);
    console.log(table(name, profiles[name]));
  }
  if (!options.quick && !options.profile) write({ ...environment(), pairs: options.pairs, profiles });
} finally {
  collector.kill();
}

/** Runs both exporters in turn. Returns for each figure its spread and that of the ratio. */
async function pairs(name) {
  const runs = { peer: [], ours: [] };
  for (let pair = 0; pair < options.pairs; pair += 1) {
    for (const side of ['peer', 'ours']) runs[side].push(await measured(side, name));
  }
  const figures = {};
  for (const figure of Object.keys(runs.peer[0])) {
    const [peer, ours] = ['peer', 'ours'].map((side) => runs[side].map((run) => run[figure]));
    figures[figure] = { peer: spread(peer), ours: spread(ours), ratio: spread(ours.map((value, index) => value / peer[index])) };
  }
  return figures;
}

async function measured(side, name) {
  const paced = name === 'paced';
  const count = paced ? PACED_SPANS : (PROFILES[name]?.spans ?? CAPTURED_SPANS);
  const args = [side, paced ? 'typical' : name, paced ? 'paced' : 'unloaded', String(options.quick ? count / 10 : count), endpoint];
  const { stdout } = await promisify(execFile)(options.node, ['--expose-gc', here('exporter.mjs'), ...args]);
  const { lost, ...figures } = JSON.parse(stdout);
  if (lost !== 0) throw new Error(`${name}, ${side}: ${lost} of the spans did not arrive`);
  return figures;
}

/** The machine and the versions that were measured. */
function environment() {
  const version = (name) => JSON.parse(readFileSync(here(`../node_modules/${name}/package.json`), 'utf8')).version;
  const run = (command, args) => execFileSync(command, args, { encoding: 'utf8' }).trim();
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: run('git', ['rev-parse', '--short', 'HEAD']),
    node: run(options.node, ['--version']),
    cpu: `${cpus().length} x ${cpus()[0]?.model}`,
    kernel: release(),
    packages: { '@mastra/core': version('@mastra/core'), '@mastra/observability': version('@mastra/observability') },
  };
}

function write(result) {
  const name = `node-${result.node.slice(1).split('.')[0]}`;
  mkdirSync(here('results'), { recursive: true });
  writeFileSync(here(`results/${name}.json`), `${JSON.stringify(result, rounded, 2)}\n`);
  writeFileSync(here(`results/${name}.svg`), chart(result));
  console.log(`Written: bench/results/${name}.json, bench/results/${name}.svg`);
}

/** Rounds to three digits: more digits are below the spread. */
function rounded(_key, value) {
  return typeof value === 'number' ? Number(value.toPrecision(3)) : value;
}
