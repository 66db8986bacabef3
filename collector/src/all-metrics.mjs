import { html, ownPage } from './html.mjs';

/** @typedef {import('@mastra/core/storage').ObservabilityStorage} ObservabilityStorage */

/** The number of values that the page of a metric shows, the newest first. */
const VALUES = 100;

/**
 * Studio's page of metrics shows those that Mastra measures itself. This one shows all, among them what applications
 * count on their own.
 * @param {ObservabilityStorage} observability
 * @param {string} url  with the parameter `name` for one metric
 * @returns {Promise<string>} a page
 */
export async function allMetrics(observability, url) {
  const name = new URL(url, 'http://localhost').searchParams.get('name');
  return name === null ? list(observability) : values(observability, name);
}

/** @param {ObservabilityStorage} observability */
async function list(observability) {
  const { names } = await observability.getMetricNames({});
  const [counts, sums] = names.length === 0 ? [new Map(), new Map()] : await Promise.all([
    byName(observability, names, 'count'),
    byName(observability, names, 'sum'),
  ]);
  const rows = names.toSorted().map(name => html`
<tr><td><a href="/all-metrics?name=${encodeURIComponent(name)}">${name}</a></td>
<td class="number">${counts.get(name) ?? 0}</td><td class="number">${round(sums.get(name) ?? 0)}</td>
<td class="number">${round((sums.get(name) ?? 0) / (counts.get(name) || 1))}</td></tr>`);
  return ownPage('All metrics', rows.length === 0 ? html`<p>No metrics yet.</p>` : html`
<table><tr><th>Name</th><th class="number">Values</th><th class="number">Sum</th><th class="number">Average</th></tr>${rows}</table>`);
}

/** @param {ObservabilityStorage} observability @param {string[]} name @param {'count' | 'sum'} aggregation */
async function byName(observability, name, aggregation) {
  const { groups } = await observability.getMetricBreakdown({ name: /** @type {any} */ (name), aggregation, groupBy: ['name'] });
  return new Map(groups.map(({ dimensions, value }) => [dimensions['name'], value]));
}

/** @param {ObservabilityStorage} observability @param {string} name */
async function values(observability, name) {
  const { metrics } = await observability.listMetrics({
    filters: { name: [name] },
    pagination: { page: 0, perPage: VALUES },
    orderBy: { field: 'timestamp', direction: 'DESC' },
  });
  const rows = metrics.map(({ timestamp, value, labels, serviceName, traceId }) => html`
<tr><td>${timestamp.toISOString()}</td><td class="number">${round(value)}</td>
<td>${Object.entries(labels ?? {}).map(([key, label]) => `${key}=${label}`).join(' ')}</td><td>${serviceName ?? ''}</td>
<td>${traceId ? html`<a href="/traces?traceId=${encodeURIComponent(traceId)}">trace</a>` : ''}</td></tr>`);
  return ownPage(name, html`<p>The newest ${metrics.length === 1 ? 'value' : `${metrics.length} values`}.</p>
<table><tr><th>Time</th><th class="number">Value</th><th>Labels</th><th>Service</th><th></th></tr>${rows}</table>`);
}

/** @param {number} value @returns {number} rounded, without the error of binary fractions */
function round(value) {
  return Number(value.toPrecision(6));
}
