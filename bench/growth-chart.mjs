// The chart of the cost of a span as work grows, as SVG text. Both scales are logarithmic.
import { AXES } from './growth.mjs';
import { number } from './report.mjs';
import { document, label, round } from './svg.mjs';

const SIDES = ['peer', 'ours'];
const [WIDTH, HEIGHT, TOP, LEFT, PANEL, PLOT_WIDTH, PLOT_HEIGHT] = [900, 330, 76, 46, 290, 236, 190];

/** @param {object} result  what bench/results/*.json holds */
export function growthChart(result) {
  const { axes } = result.growth;
  const costs = Object.values(axes).flatMap((points) => points.flatMap((point) => SIDES.map((side) => point[side])));
  const decades = [Math.floor(Math.log10(Math.min(...costs))), Math.ceil(Math.log10(Math.max(...costs)))];
  const panels = Object.entries(axes).map(([axis, points], index) => drawPanel(AXES[axis].title, points, decades, LEFT + index * PANEL));
  return document('Main-thread CPU of a span as work grows, JavaScript and native', WIDTH, HEIGHT, SIDES, panels.join('\n'), result);
}

function drawPanel(title, points, [lowest, highest], left) {
  const [first, last] = [points[0].at, points.at(-1).at];
  const x = (at) => left + (PLOT_WIDTH * Math.log(at / first)) / Math.log(last / first);
  const y = (cost) => TOP + (PLOT_HEIGHT * (highest - Math.log10(cost))) / (highest - lowest);
  const decades = Array.from({ length: highest - lowest + 1 }, (_, index) => 10 ** (lowest + index));
  const line = (side) => points.map((point, index) => `${index === 0 ? 'M' : 'L'}${round(x(point.at))} ${round(y(point[side]))}`).join(' ');
  return [
    label('title', left, TOP - 18, 'µs a span'),
    ...decades.map((cost) => `<path class="grid" d="M${left} ${round(y(cost))} h${PLOT_WIDTH}"/>${label('small', left - 6, y(cost) + 4, number(cost), 'end')}`),
    ...points.map(({ at }) => label('small', x(at), TOP + PLOT_HEIGHT + 16, String(at), 'middle')),
    label('small', left + PLOT_WIDTH / 2, TOP + PLOT_HEIGHT + 34, title, 'middle'),
    ...SIDES.map((side) => `<path class="${side}" d="${line(side)}"/>`),
    ...points.map((point) => label('number', x(point.at), y(point.ours) - 6, number(point.ours), 'middle')),
  ].join('\n');
}
