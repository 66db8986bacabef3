// The cost of a span as work grows: spans a turn of the event loop, exporters of a process, text of a span.
import { median } from './statistics.mjs';

const SIDES = ['peer', 'ours'];

/** For each axis: its points, and what each changes of the profile `typical`. */
export const AXES = {
  turn: { title: 'spans in a turn of the event loop', points: [1, 3, 10, 30, 100, 300, 1000], change: (turn) => ({ turn }) },
  exporters: {
    title: 'exporters of the process',
    points: [1, 2, 4, 8, 16, 32, 64],
    change: (exporters) => ({ exporters, spans: Math.round(20_000 / exporters) }),
  },
  kilobytes: {
    title: 'kB of text in a span',
    points: [0.1, 0.3, 1, 3, 10, 30, 50],
    change: (kilobytes) => ({ bytes: kilobytes * 1000, spans: kilobytes > 3 ? 4_000 : 20_000 }),
  },
};

/**
 * Main-thread CPU in microseconds a span and exporter, at each point of each axis.
 * @param {{ run: Function }} runs
 * @param {{ quick: boolean, pairs: number }} options  a quick run has only the ends of each axis
 * @returns {Promise<Record<string, { at: number, peer: number, ours: number }[]>>}
 */
export async function growth({ run }, { quick, pairs }) {
  const result = {};
  for (const [axis, { points, change }] of Object.entries(AXES)) {
    result[axis] = [];
    for (const at of quick ? [points[0], points.at(-1)] : points) {
      const costs = Object.fromEntries(SIDES.map((side) => [side, []]));
      for (let round = 0; round < pairs; round += 1) {
        for (const side of SIDES) costs[side].push((await run(side, 'typical', change(at))).mainUs);
      }
      result[axis].push({ at, ...Object.fromEntries(SIDES.map((side) => [side, median(costs[side])])) });
    }
  }
  return result;
}
