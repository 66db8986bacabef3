import { TARGETS } from './targets.mjs';

/** The name of each figure. */
const FIGURES = {
  mainUs: 'main-thread CPU, µs a span',
  processUs: 'whole-process CPU, µs a span',
  longestMs: 'longest turn of the loop, ms',
  p99Ms: '99 % of turns, ms',
  spansPerSecond: 'spans/s until delivered',
  rssMiB: 'growth of memory, MiB',
  bytesPerSpan: 'bytes sent a span',
};

/** The figures of a profile as text. */
export function table(name, figures) {
  const rows = Object.entries(FIGURES).map(([key, label]) => {
    const { peer, ours, ratio } = figures[key];
    const target = TARGETS[key]?.[name];
    const verdict = target === undefined ? '' : `${ratio.median <= target ? 'meets' : 'MISSES'} ${target}`;
    return [label, number(peer.median), number(ours.median), number(ratio.median), `${number(ratio.min)}..${number(ratio.max)}`, verdict];
  });
  const lines = [[name, 'JavaScript', 'native', 'ratio', 'range', ''], ...rows];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const padded = lines.map((line) => line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  '));
  return `${padded.join('\n')}\n`;
}

/** Rounds to three digits: more digits are below the spread. */
export function number(value) {
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}
