import { comparisonsOf, sidesOf } from './profiles.mjs';
import { AXES } from './growth.mjs';
import { TARGETS } from './targets.mjs';

/** The name of each figure. */
export const FIGURES = {
  mainUs: 'main-thread CPU, µs a span',
  processUs: 'whole-process CPU, µs a span',
  applicationUs: 'main thread with the application, µs a span',
  longestMs: 'longest turn of the loop, ms',
  p99Ms: '99 % of turns, ms',
  spansPerSecond: 'spans/s until delivered',
  rssMiB: 'growth of memory, MiB',
  bytesPerSpan: 'bytes sent a span',
};
/** The name of each side. */
export const SIDE_NAMES = { none: 'no exporter', stringify: 'JSON.stringify', peer: 'JavaScript', ours: 'native', spool: 'native, spool' };

/** The figures of a profile as text. */
export function table(name, figures) {
  const sides = sidesOf(name);
  const rows = Object.entries(FIGURES).flatMap(([figure, label]) => {
    const values = figures[figure];
    const ratios = comparisonsOf(name).filter((comparison) => values[comparison]).map((comparison) => {
      const { median, min, max } = values[comparison];
      return [compared(comparison), number(median), `${number(min)}..${number(max)}`, verdict(comparison, figure, name, median)];
    });
    const first = [label, ...sides.map((side) => (values[side] ? number(values[side].median) : '-'))];
    const [ratio = ['', '', '', ''], ...others] = ratios;
    return [[...first, ...ratio], ...others.map((other) => [...first.map(() => ''), ...other])];
  });
  return aligned([[name, ...sides.map((side) => SIDE_NAMES[side]), 'compared', 'ratio', 'range', ''], ...rows]);
}

/** One line for each target of the profiles. */
export function verdicts(profiles) {
  const rows = targetsOf(profiles).map(({ comparison, figure, name, median, limit }) =>
    [name, FIGURES[figure], compared(comparison), number(median), verdict(comparison, figure, name, median)]);
  return rows.length === 0 ? '' : aligned([['target', '', 'compared', 'ratio', ''], ...rows]);
}

/** Each target of these profiles, with the ratio that was measured. */
export function targetsOf(profiles) {
  return Object.entries(TARGETS).flatMap(([comparison, figures]) => Object.entries(figures).flatMap(([figure, limits]) =>
    Object.entries(limits).filter(([name]) => profiles[name]).map(([name, limit]) => {
      const { median } = profiles[name][figure][comparison];
      return { comparison, figure, name, limit, median, reached: median <= limit };
    })));
}

export function growthTable(growth) {
  return Object.entries(growth).map(([axis, points]) => aligned([
    [AXES[axis].title, 'JavaScript', 'native', 'ratio'],
    ...points.map(({ at, peer, ours }) => [String(at), number(peer), number(ours), number(ours / peer)]),
  ])).join('\n');
}

/** Rounds to three digits: more digits are below the spread. */
export function number(value) {
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

function verdict(comparison, figure, name, median) {
  const limit = TARGETS[comparison]?.[figure]?.[name];
  if (limit === undefined) return '';
  return `${median <= limit ? 'reached' : 'MISSED'} ${limit}`;
}

export function compared(comparison) {
  return comparison.split(':').map((side) => SIDE_NAMES[side]).join(' : ');
}

function aligned(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const padded = lines.map((line) => line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  '));
  return `${padded.join('\n')}\n`;
}
