// results/summary.md: the targets and what was reached, and what an application pays in all.
import { FIGURES, SIDE_NAMES, compared, number, targetsOf } from './report.mjs';
import { TARGETS } from './targets.mjs';

/** @param {object[]} results  what bench/results/*.json hold, one for each version of Node */
export function summary(results) {
  const versions = results.map(({ node }) => `Node ${node.slice(1).split('.')[0]}`);
  return `# Results

Written by \`npm run bench -- --save\`; [../NOTES.md](../NOTES.md) says how to read it. Figures are medians.

${results.map(conditions).join('\n')}

## Targets

${markdown(['profile', 'figure', 'compared', 'to reach', ...versions], targetRows(results))}
## What an application pays in all

The profile \`captured\`: Mastra makes, redacts and hands over the spans, main-thread CPU in µs a span.

${markdown(['', ...Object.values(CAPTURED).map(({ title }) => title)], capturedRows(results, versions))}`;
}

/** How the figures of a version of Node came about. */
function conditions({ node, cpu, date, profiles }) {
  const range = (key) => {
    const values = Object.values(profiles).map((profile) => profile[key]).filter((value) => value !== undefined);
    return values.length === 0 ? 'not recorded' : [...new Set([Math.min(...values), Math.max(...values)].map(number))].join(' to ');
  };
  return `- Node ${node}, ${date}, ${cpu}. Runs of each exporter: ${range('pairs')}. Load average before them: ${range('load')}.`;
}

function targetRows(results) {
  const reached = results.map(({ profiles }) => targetsOf(figuresOf(profiles)));
  return Object.entries(TARGETS).flatMap(([comparison, figures]) => Object.entries(figures).flatMap(([figure, limits]) =>
    Object.entries(limits).map(([name, limit]) => {
      const cells = reached.map((targets) => targets.find((other) => other.comparison === comparison && other.figure === figure && other.name === name));
      return [name, FIGURES[figure].split(',')[0], compared(comparison), String(limit), ...cells.map(cell)];
    })));
}

function cell(target) {
  if (!target) return 'not measured';
  return target.reached ? number(target.median) : `${number(target.median)}, missed`;
}

const CAPTURED = {
  none: { title: `all, ${SIDE_NAMES.none}`, read: (figures) => figures.applicationUs.none },
  peer: { title: `all, ${SIDE_NAMES.peer}`, read: (figures) => figures.applicationUs.peer },
  peerShare: { title: 'of it the exporter', read: (figures) => figures.mainUs.peer },
  ours: { title: `all, ${SIDE_NAMES.ours}`, read: (figures) => figures.applicationUs.ours },
  oursShare: { title: 'of it the exporter', read: (figures) => figures.mainUs.ours },
};

function capturedRows(results, versions) {
  return results.map(({ profiles: { captured } }, index) =>
    [versions[index], ...Object.values(CAPTURED).map(({ read }) => (captured ? number(read(captured.figures).median) : 'not measured'))]);
}

const figuresOf = (profiles) => Object.fromEntries(Object.entries(profiles).map(([name, { figures }]) => [name, figures]));

function markdown(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |\n`;
  return `${line(head)}|${'---|'.repeat(head.length)}\n${rows.map(line).join('')}`;
}
