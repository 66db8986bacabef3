// `npm run bench`: Mastra's JavaScript CloudExporter and ours in turn, each in a process of its own. NOTES.md says what is
// measured and how to read it.
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
const runs = await createRuns(options);
try {
  const names = options.profile ?? NAMES;
  const profiles = {};
  for (const name of names.filter((other) => other !== GROWTH)) {
    profiles[name] = await runs.compare(name);
    console.log(table(name, profiles[name]));
  }
  const grown = names.includes(GROWTH) ? await growth(runs, options) : undefined;
  if (grown) console.log(growthTable(grown));
  console.log(verdicts(profiles));
  if (options.save) save(options.node, options.pairs, profiles, grown);
} finally {
  runs.close();
}
console.log(`${Math.round((performance.now() - start) / 1000)} s`);
