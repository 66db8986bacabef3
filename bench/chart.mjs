// The chart of the README, as SVG text.
import { number } from './report.mjs';
import { document, label, round } from './svg.mjs';

const NAMES = ['tiny', 'typical', 'large', 'unicode', 'huge'];
const SIDES = ['peer', 'ours', 'none'];
const [WIDTH, LABEL, BAR, THICK, GAP, TOP] = [860, 76, 210, 15, 10, 74];

/** A row has a label, a profile and a figure. */
const PANELS = [
  { title: 'Main thread, spans just made', unit: 'µs a span', rows: NAMES.map((name) => [name, name, 'mainUs']) },
  { title: 'Main thread, spans made before', unit: 'µs a span', rows: NAMES.map((name) => [name, `cold-${name}`, 'mainUs']) },
  { title: 'Whole process, spans just made', unit: 'µs a span', rows: NAMES.map((name) => [name, name, 'processUs']) },
  { title: 'Event-loop delay, 10,000 spans/s', unit: 'ms', rows: [['99 %', 'paced', 'p99Ms'], ['longest', 'paced', 'longestMs']] },
];

/** @param {object} result  what bench/results/*.json holds */
export function chart(result) {
  const panels = PANELS.map((panel, index) => drawPanel(result, panel, 16 + (index % 2) * (WIDTH / 2), index < 2 ? TOP : TOP + panelHeight()));
  return document('Cost of export, JavaScript and native', WIDTH, TOP + 2 * panelHeight(), SIDES, panels.join('\n'), result);
}

const panelHeight = () => NAMES.length * (2 * THICK + GAP) + 44;

function drawPanel({ profiles }, { title, unit, rows }, left, top) {
  let y = top;
  const bars = rows.filter(([, profile]) => profiles[profile]).map(([name, profile, figure]) => {
    const values = profiles[profile].figures[figure];
    const sides = SIDES.filter((side) => values[side]);
    const most = Math.max(...sides.map((side) => values[side].median));
    const row = [label('', left, y + (sides.length * THICK) / 2 + 4, name)];
    for (const side of sides) {
      const { median } = values[side];
      const width = Math.max(1, (BAR * median) / most);
      row.push(`<rect class="${side}" x="${left + LABEL}" y="${y}" width="${round(width)}" height="${THICK - 2}" rx="2"/>`);
      row.push(label('number', left + LABEL + width + 6, y + 11, number(median)));
      y += THICK;
    }
    y += GAP;
    return row.join('');
  });
  return [label('title', left, top - 18, title), label('small', left + LABEL + BAR + 80, top - 18, unit, 'end'), ...bars].join('\n');
}
