// What is measured, by profile.
import { ODD, huge, large, many, mixed, tiny, typical, unicode } from './spans.mjs';

/** The number of spans made before the run, from which cold spans are taken: more than the caches hold. */
const POOL = 4_000;
/** The span of some profiles takes longer to make than to export: a few are made before. */
const FEW = 4;

/**
 * @typedef {object} Profile
 * @property {(number: number) => object} [make]  the span of a number; absent where Mastra makes the spans
 * @property {number} spans  how many a run exports
 * @property {number} turn  how many in a turn of the event loop: about the JSON that an application under load exports
 * @property {number} [pool]  how many are made before and exported again and again; each is made anew by default
 * @property {number} [perSecond]  how many a second; as fast as they are taken by default
 * @property {string[]} [sides]  who exports; Mastra's JavaScript exporter and ours by default
 */
const WARM = {
  tiny: { make: tiny, spans: 20_000, turn: 20 },
  typical: { make: typical, spans: 20_000, turn: 20 },
  large: { make: large, spans: 5_000, turn: 5 },
  unicode: { make: unicode, spans: 5_000, turn: 5 },
  huge: { make: huge, spans: 2_000, turn: 1 },
};
const oddTypical = (odd) => ({ ...WARM.typical, make: (number) => mixed(number, odd) });

/** @type {Record<string, Profile>} */
export const PROFILES = {
  ...WARM,
  ...Object.fromEntries(Object.entries(WARM).map(([name, profile]) => [`cold-${name}`, { ...profile, pool: POOL }])),
  'mixed-class': oddTypical(ODD.class),
  'mixed-map': oddTypical(ODD.map),
  'mixed-buffer': oddTypical(ODD.buffer),
  'mixed-toJSON': oddTypical(ODD.toJSON),
  many: { make: (number) => many(number, 60_000, 12), spans: 40, turn: 1, pool: FEW },
  'many-class': { make: (number) => many(number, 60_000, 12, ODD.class), spans: 40, turn: 1, pool: FEW },
  'many-15mb': { make: (number) => many(number, 200_000, 28), spans: 12, turn: 1, pool: FEW, sides: ['stringify', 'peer', 'ours'] },
  spool: { ...WARM.typical, sides: ['ours', 'spool'] },
  captured: { spans: 20_000, turn: 20, sides: ['none', 'peer', 'ours'] },
  paced: { ...WARM.typical, spans: 150_000, perSecond: 10_000, sides: ['none', 'stringify', 'peer', 'ours'] },
};

/** Who exports in a profile. */
export const sidesOf = (name) => PROFILES[name].sides ?? ['peer', 'ours'];

/** What is compared in a profile: 'ours:peer' is our figure divided by the peer's. */
export function comparisonsOf(name) {
  const sides = sidesOf(name);
  const of = sides.at(-1);
  return sides.slice(0, -1).map((to) => `${of}:${to}`);
}
