/** Text that is inserted into a page without escaping. */
class Html {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }
}

/**
 * A template of a page: what is put in is text, unless it is such a template itself, or a list of them.
 * @param {TemplateStringsArray} strings
 * @param {unknown[]} values
 */
export function html(strings, ...values) {
  return new Html(String.raw({ raw: strings }, ...values.map(written)));
}

/** @param {unknown} value @returns {string} */
function written(value) {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(written).join('');
  return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** A page of the collector's own, in the plainest form. @param {string} title @param {Html} content @returns {string} */
export function ownPage(title, content) {
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/mastra-dark-tile.svg">
<title>${title} - Mastra Studio</title>
<style>
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent) }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
</style>
<nav><a href="/traces">Traces</a> &middot; <a href="/metrics">Metrics</a> &middot; <a href="/all-metrics">All metrics</a> &middot; <a href="/logs">Logs</a> &middot; <a href="/scorers">Scores</a></nav>
<h1>${title}</h1>
${content}
</html>
`.text;
}
