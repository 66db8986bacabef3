// What both charts share, as SVG text.
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 14px } .small { font-size: 11px; fill: #57606a } .number { font-size: 11px }
  rect.none { fill: #6e7781 } rect.peer { fill: #b6bec8 } rect.ours { fill: #c2410c }
  path { fill: none; stroke-width: 2 } path.peer { stroke: #8c959f } path.ours { stroke: #c2410c } path.grid { stroke: #d0d7de; stroke-width: 1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9198a1 } rect.none { fill: #9198a1 } rect.peer { fill: #59636e } rect.ours { fill: #fb923c }
    path.ours { stroke: #fb923c } path.grid { stroke: #30363d }
  }`;
const LEGEND = { peer: 'CloudExporter of @mastra/observability', ours: 'CloudExporter of mastra-native-exporter', none: 'no exporter' };

/**
 * @param {string} label  what the picture shows, for those who do not see it
 * @param {string[]} sides  the legend
 * @param {string} content  SVG between legend and source
 */
export function document(label, width, height, sides, content, { node, cpu, packages }) {
  const legend = sides.map((side, index) =>
    `<rect class="${side}" x="${16 + index * 310}" y="10" width="12" height="12"/><text x="${34 + index * 310}" y="21">${LEGEND[side]}</text>`);
  const source = `Node ${node}, ${cpu}, @mastra/observability ${packages['@mastra/observability']}, medians`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
<style>${STYLE}
</style>
${legend.join('')}
${content}
<text class="small" x="16" y="${height - 10}">${escape(source)}</text>
</svg>
`;
}

/** @param {string} kind  class of the text: title, small or number */
export function label(kind, x, y, text, anchor = 'start') {
  return `<text class="${kind}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escape(text)}</text>`;
}

export const round = (value) => String(Number(value.toFixed(1)));

function escape(text) {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
