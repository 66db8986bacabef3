import { parseArgs } from 'node:util';

export const HELP = `npm run bench -- [options]

  --quick           one pair with few spans, not paced: shows that it runs, the figures mean little
  --pairs N         runs of each exporter and profile, in turn; 5 by default
  --profile NAME    only this one: tiny, typical, large, unicode, huge, captured or paced
  --node PATH       Node binary for the measured processes; this one by default
  --help

Without --quick and --profile the figures and the chart are written to bench/results/.`;

/** @returns {{ quick: boolean, pairs: number, profile?: string, node: string, help: boolean }} */
export function parseOptions(args, profiles) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      pairs: { type: 'string', default: '5' },
      profile: { type: 'string' },
      node: { type: 'string', default: process.execPath },
      help: { type: 'boolean', default: false },
    },
  });
  const pairs = Number(values.pairs);
  if (!Number.isInteger(pairs) || pairs < 1) throw new Error(`--pairs is '${values.pairs}'; it may be a whole number from 1`);
  if (values.profile !== undefined && !profiles.includes(values.profile)) {
    throw new Error(`--profile is '${values.profile}'; it may be ${profiles.join(', ')}`);
  }
  return { ...values, pairs: values.quick ? 1 : pairs };
}
