import { parseArgs } from 'node:util';

export const HELP = `npm run bench -- [options]

  --quick           once with few spans: shows that it runs, the figures mean little
  --pairs N         runs of each exporter and profile, in turn; 5 by default
  --profile NAME    only this one; may be given several times
  --save            writes figures, charts and summary to bench/results/; other profiles of this machine stay
  --node PATH       Node binary for the measured processes; this one by default
  --help

All profiles take about 15 minutes. bench/profiles.mjs has their names; 'growth' is one more.`;

/** @returns {{ quick: boolean, pairs: number, profile?: string[], save: boolean, node: string, help: boolean }} */
export function parseOptions(args, profiles) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      pairs: { type: 'string', default: '5' },
      profile: { type: 'string', multiple: true },
      save: { type: 'boolean', default: false },
      node: { type: 'string', default: process.execPath },
      help: { type: 'boolean', default: false },
    },
  });
  const pairs = Number(values.pairs);
  if (!Number.isInteger(pairs) || pairs < 1) throw new Error(`--pairs is '${values.pairs}'; it may be a whole number from 1`);
  for (const name of values.profile ?? []) {
    if (!profiles.includes(name)) throw new Error(`--profile is '${name}'; it may be ${profiles.join(', ')}`);
  }
  if (values.quick && values.save) throw new Error('--save is given with --quick; the figures of a quick run mean little');
  return { ...values, pairs: values.quick ? 1 : pairs };
}
