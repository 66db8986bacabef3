// `npm run bench`: Mastra's JavaScript CloudExporter and ours in turn, each in a process of its own. NOTES.md says what is
// measured and how to read it.
import { cpus, loadavg } from 'node:os';

import { growth } from './growth.mjs';
import { HELP, parseOptions } from './options.mjs';
import { PROFILES } from './profiles.mjs';
import { growthTable, table, verdicts } from './report.mjs';
import { save } from './results.mjs';
import { createRuns } from './runs.mjs';

const GROWTH = 'growth';
const NAMES = [...Object.keys(PROFILES), GROWTH];

const options = parseOptions(process.argv.slice(2), NAMES);
if (options.help) {
  console.log(HELP);
  process.exit(0);
}

const start = performance.now();
const load = loadavg()[0];
if (load > cpus().length / 4) {
  console.log(`The load of the last minute is ${load.toFixed(1)} on ${cpus().length} processors: other work makes the figures worse.\n`);
}
const runs = await createRuns(options);
try {
  const names = options.profile ?? NAMES;
  const profiles = {};
  for (const name of names.filter((other) => other !== GROWTH)) {
    profiles[name] = await runs.compare(name);
    console.log(table(name, profiles[name]));
    if (options.save) save(options, load, { [name]: profiles[name] });
  }
  if (names.includes(GROWTH)) {
    const grown = await growth(runs, options);
    console.log(growthTable(grown));
    if (options.save) save(options, load, {}, grown);
  }
  console.log(verdicts(profiles));
} finally {
  runs.close();
}
console.log(`${Math.round((performance.now() - start) / 1000)} s`);
