// The chart of the README, as SVG text.
import { number } from './report.mjs';

const PANELS = [
  ['mainUs', 'Main-thread CPU', 'µs a span'],
  ['longestMs', 'Longest turn of the event loop', 'ms'],
];
const NAMES = ['tiny', 'typical', 'large', 'unicode', 'huge'];
const [WIDTH, LABEL, BAR, ROW, TOP] = [860, 76, 210, 40, 74];

/** @param {object} result  what bench/results/*.json holds */
export function chart(result) {
  const height = TOP + NAMES.length * ROW + 34;
  const panels = PANELS.map((panel, index) => drawPanel(result, panel, 16 + index * (WIDTH / 2)));
  const { node, cpu, pairs, packages } = result;
  const source = `Node ${node}, ${cpu}, @mastra/observability ${packages['@mastra/observability']}, median of ${pairs} pairs`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Cost of export, JavaScript and native">
<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 14px } .small { font-size: 11px; fill: #57606a } .number { font-size: 11px }
  .peer { fill: #b6bec8 } .ours { fill: #c2410c }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .small { fill: #9198a1 } .peer { fill: #59636e } .ours { fill: #fb923c } }
</style>
<rect class="peer" x="16" y="10" width="12" height="12"/><text x="34" y="21">CloudExporter of @mastra/observability</text>
<rect class="ours" x="340" y="10" width="12" height="12"/><text x="358" y="21">CloudExporter of mastra-native-exporter</text>
${panels.join('\n')}
<text class="small" x="16" y="${height - 10}">${escape(source)}</text>
</svg>
`;
}

function drawPanel({ profiles }, [figure, title, unit], left) {
  const rows = NAMES.filter((name) => profiles[name]).map((name, index) => {
    const { peer, ours } = profiles[name][figure];
    const y = TOP + index * ROW;
    const bar = (kind, value, offset) => {
      const width = Math.max(1, (BAR * value) / Math.max(peer.median, ours.median));
      return `<rect class="${kind}" x="${left + LABEL}" y="${y + offset}" width="${width.toFixed(1)}" height="13" rx="2"/>`
        + `<text class="number" x="${(left + LABEL + width + 6).toFixed(1)}" y="${y + offset + 11}">${number(value)}</text>`;
    };
    return `<text x="${left}" y="${y + 19}">${name}</text>${bar('peer', peer.median, 0)}${bar('ours', ours.median, 15)}`;
  });
  return `<text class="title" x="${left}" y="${TOP - 18}">${title}</text><text class="small" x="${left + 280}" y="${TOP - 18}">${unit}, less is better</text>\n${rows.join('\n')}`;
}

function escape(text) {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
