// Runs of exporters, each in a process of its own, with a collector in another.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { PROFILES, comparisonsOf, sidesOf } from './profiles.mjs';
import { spread } from './statistics.mjs';

/** The part of the spans that a quick run exports, and of those that it makes before. */
const QUICK = 1 / 100;

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** @param {{ node: string, quick: boolean, pairs: number }} options */
export async function createRuns({ node, quick, pairs }) {
  const collector = spawn(process.execPath, [here('collector.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise((resolve) => collector.stdout.once('data', (data) => resolve(String(data).trim())));
  const spoolDirectory = mkdtempSync(join(tmpdir(), 'mastra-bench-'));
  const scaled = (count) => count && Math.ceil(count * (quick ? QUICK : 1));

  /** Figures of one run of one side; `changes` are made to the profile. Throws when a span is lost. */
  async function run(side, profile, changes = {}) {
    const { spans, turn, pool, perSecond, ...others } = { ...PROFILES[profile], ...changes };
    const job = { ...others, side, profile, endpoint: `http://127.0.0.1:${port}`, spoolDirectory, spans: scaled(spans), turn, pool: scaled(pool), perSecond };
    const { stdout } = await promisify(execFile)(node, ['--expose-gc', here('exporter.mjs'), JSON.stringify(job)]);
    const { lost, ...figures } = JSON.parse(stdout);
    if (lost !== 0) throw new Error(`${profile}, ${side}: ${lost} of the spans did not arrive`);
    return figures;
  }

  return {
    run,

    /** All sides of a profile in turn. Returns for each figure the spread of each side and of each ratio. */
    async compare(profile) {
      const sides = sidesOf(profile);
      const rounds = [];
      for (let round = 0; round < pairs; round += 1) {
        const figures = {};
        for (const side of sides) figures[side] = await run(side, profile);
        rounds.push(figures);
      }
      return figuresOf(rounds, sides, comparisonsOf(profile));
    },

    close() {
      collector.kill();
      rmSync(spoolDirectory, { recursive: true });
    },
  };
}

/** @param {Record<string, Record<string, number>>[]} rounds  for each round the figures of each side */
export function figuresOf(rounds, sides, comparisons) {
  const names = new Set(sides.flatMap((side) => Object.keys(rounds[0][side])));
  return Object.fromEntries([...names].map((figure) => {
    const values = (side) => rounds.map((round) => round[side][figure]);
    const known = sides.filter((side) => rounds[0][side][figure] !== undefined);
    const compared = comparisons.filter((comparison) => comparison.split(':').every((side) => known.includes(side)));
    return [figure, Object.fromEntries([
      ...known.map((side) => [side, spread(values(side))]),
      ...compared.map((comparison) => {
        const [of, to] = comparison.split(':').map(values);
        return [comparison, spread(of.map((value, index) => value / to[index]))];
      }),
    ])];
  }));
}
