// End to end: a real application exports, and its traces are found and read in a browser.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { CloudExporter, MastraPlatformExporter } from '../../dist/index.js';
import { TOKEN } from './support/collector.mjs';
import { createDayTables } from './support/postgres.mjs';
import { isPostgres } from './support/rows.mjs';
import { runShop } from './support/shop.mjs';
import { collectorFor, temporaryDirectory, testOnStores } from './support/test.mjs';
import { span } from './support/wire.mjs';

const CHROMIUM = '/usr/bin/chromium';
const OLD = 'Asked two days ago';
const DOCS = fileURLToPath(new URL('../docs', import.meta.url));

/** A collector with the traces of two applications, one for each exporter, and one trace of two days ago. */
async function collectorWithTraces(t, store) {
  const collector = await collectorFor(t, store);
  const { url: endpoint } = collector;
  if (isPostgres(store)) await createDayTables(store[1], 2);
  const time = new Date(Date.now() - 2 * 86_400_000).toISOString();
  const old = span({ startTime: time, startedAt: time, endTime: time, endedAt: time, input: OLD });
  assert.equal((await collector.publish('spans', [old])).stored, 1);
  const options = { accessToken: TOKEN, endpoint };
  // Mastra sends the service with all signals but spans. What lies in ClickHouse is not named afterwards.
  const metadata = serviceName => (store[1].startsWith('clickhouse') ? { serviceName } : undefined);
  const cloud = await runShop('shop-cloud', new CloudExporter(options), metadata('shop-cloud'));
  const exporter = new MastraPlatformExporter({ ...options, projectId: 'eu' });
  const platform = await runShop('shop-platform', exporter, metadata('shop-platform'));
  return { collector, cloud, platform };
}

testOnStores('a trace is found, read and linked to', async (t, store) => {
  if (!existsSync(CHROMIUM)) return t.skip(`there is no ${CHROMIUM} (Debian's package chromium)`);
  const { collector: { url }, cloud, platform } = await collectorWithTraces(t, store);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  // Those of the README are made anew only when asked for: every run has other times in it.
  const pictures = process.env.UPDATE_PICTURES && store[0] === '--data' ? DOCS : await temporaryDirectory(t);
  const elsewhere = [];

  /** A page that shares nothing with the others: no cookies, no storage. */
  async function open(path) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
    const page = await context.newPage();
    page.on('request', request => {
      if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url())) elsewhere.push(request.url());
    });
    await page.goto(new URL(path, url).href);
    return page;
  }

  /** The list with a filter, picked as one does with a mouse. */
  async function filtered(field, value) {
    const page = await list();
    await page.getByRole('combobox', { name: 'Add filter' }).click();
    await page.getByRole('option', { name: field, exact: true }).click();
    await page.getByRole('option', { name: 'is', exact: true }).click();
    const offered = page.getByRole('option', { name: value, exact: true });
    await offered.or(page.getByRole('button', { name: /^Apply/ })).first().waitFor();
    if (await offered.isVisible()) await offered.click();
    else {
      await page.keyboard.type(value);
      await page.keyboard.press('Enter');
    }
    await page.keyboard.press('Escape');
    return page;
  }

  async function list() {
    const page = await open('/traces');
    await row(page, 'A-1001? (shop-cloud)').waitFor();
    return page;
  }

  const row = (page, text) => page.getByRole('button').filter({ hasText: text }).filter({ hasText: /\d(ms|s)/ });
  /** The rows that there are in the end, whatever is still being loaded. */
  async function rows(page, expected, unexpected) {
    for (const text of unexpected) await row(page, text).waitFor({ state: 'detached' });
    for (const text of expected) await row(page, text).first().waitFor();
  }

  const ours = 'A-1001? (shop-cloud)';
  const theirs = 'A-1001? (shop-platform)';
  await t.test('in the list, of both exporters, with status and latency', async () => {
    const page = await list();
    await rows(page, [ours, theirs, 'A-9999? (shop-cloud)', 'delivery', OLD], []);
    assert.match(await row(page, ours).innerText(), /OK\s+[\d.]+m?s/);
    await page.screenshot({ path: join(pictures, 'list.png') });
  });
  await t.test('by error status', async () => {
    await rows(await filtered('Status', 'Error'), ['{"orderId":"A-9999"}'], [ours, theirs, '{"orderId":"A-1001"}', OLD]);
  });
  await t.test('by service', async () => rows(await filtered('serviceName', 'shop-platform'), [theirs], [ours, OLD]));
  await t.test('by project', async () => rows(await filtered('mastraProjectId', 'eu'), [theirs], [ours, OLD]));
  await t.test('by trace id', async () => rows(await filtered('Trace ID', cloud.agent), [ours], ['A-9999? (shop-cloud)', theirs, OLD]));
  await t.test('by time range', async () => {
    const page = await list();
    await row(page, OLD).waitFor();
    await page.getByRole('button', { name: 'Value: Last 7 days' }).click();
    await page.getByRole('menuitem', { name: 'Last 24 hours' }).click();
    await rows(page, [ours, theirs], [OLD]);
  });

  await t.test('timeline and span detail, latency and token usage, scores and feedback', async () => {
    const page = await list();
    await row(page, ours).click();
    const trace = page.getByRole('dialog', { name: 'Trace details' });
    await trace.getByText(/^[\d.]+m?s$/).waitFor();
    for (const tokens of ['240', '48']) await trace.getByText(tokens, { exact: true }).waitFor();
    await trace.getByRole('tab', { name: 'Scores (1)' }).click();
    await trace.getByText('mentions-status').waitFor();
    await trace.getByRole('tab', { name: 'Feedback (1)' }).click();
    await trace.getByText('Quick, shop-cloud.').waitFor();
    await trace.getByRole('button', { name: 'Timeline' }).click();
    await trace.getByText("tool: 'lookUpOrder'").waitFor();
    await page.screenshot({ path: join(pictures, 'timeline.png') });

    await page.goto(new URL(`/traces?traceId=${cloud.failed}`, url).href);
    await trace.getByText("tool: 'lookUpOrder'").click();
    const detail = trace.getByRole('tabpanel', { name: 'Details' });
    await detail.getByText('the warehouse does not know A-9999').waitFor();
    await detail.getByText('"orderId": "A-9999"').waitFor();
  });
  await t.test('a copied link opens the same trace in a fresh browser', async () => {
    const page = await list();
    await row(page, theirs).click();
    await page.waitForURL(`**/traces?traceId=${platform.agent}`);
    const fresh = await open(page.url());
    const trace = fresh.getByRole('dialog', { name: 'Trace details' });
    await trace.getByText(`Trace${platform.agent.slice(0, 12)}`).waitFor();
    await trace.getByText("tool: 'lookUpOrder'").waitFor();
  });
  assert.deepEqual(elsewhere, [], 'the browser asks nobody but the collector');
});
