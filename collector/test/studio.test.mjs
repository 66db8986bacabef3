// Studio of a collector in a real browser. Neither Studio nor the collector sends a request to anybody else.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { startCollector, TOKEN } from './support/collector.mjs';
import { duckdb, temporaryDirectory, test } from './support/test.mjs';
import { annotations, span } from './support/wire.mjs';

const CHROMIUM = '/usr/bin/chromium';
const STUDIO_TOKEN = 'studio-token-of-the-tests';
const noBrowser = !existsSync(CHROMIUM) && `there is no ${CHROMIUM} (Debian's package chromium)`;

/** A collector that wants the Studio token, with a trace, and a browser that has it. */
async function studio(t, args) {
  const collector = await startCollector(['--studio-token', STUDIO_TOKEN, ...args]);
  t.after(() => collector.stop());
  /** Requests to others than the collector. @type {string[]} */
  const elsewhere = [];
  const pictures = createServer((request, response) => { elsewhere.push(`answered ${request.url}`); response.end(); }).listen(0, '127.0.0.1');
  await once(pictures, 'listening');
  t.after(() => pictures.close().closeAllConnections());
  const root = span({ input: `Where is order A-1001? ![picture](http://127.0.0.1:${pictures.address().port}/a.png)` });
  assert.equal((await collector.publish('spans', [root])).stored, 1);
  for (const [signal, record] of Object.entries(annotations(root.traceId, root.spanId))) {
    assert.equal((await collector.publish(signal, [record])).stored, 1, signal);
  }
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 }, httpCredentials: { username: 'me', password: STUDIO_TOKEN },
  });
  const page = await context.newPage();
  const faults = [];
  // What the page's policy has blocked was not sent.
  for (const ended of ['requestfinished', 'requestfailed']) {
    context.on(ended, request => {
      const isOwn = request.url().startsWith(collector.url) || /^(data|blob):/.test(request.url());
      if (!isOwn && request.failure()?.errorText !== 'csp') elsewhere.push(`${request.url()}: ${request.failure()?.errorText ?? 'answered'}`);
    });
  }
  page.on('console', message => { if (/Content Security Policy/.test(message.text())) faults.push(message.text()); });
  page.on('pageerror', error => faults.push(error.message));
  page.on('response', response => { if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`); });
  return { collector, root, page, faults, elsewhere, open: path => page.goto(collector.url + path) };
}

test('Studio of a collector: what it has is found, what it has not is hidden or says why', async t => {
  if (noBrowser) return t.skip(noBrowser);
  const { page, faults, elsewhere, open, root, collector } = await studio(t, await duckdb(t));
  const nav = page.getByRole('navigation', { name: 'Main' });
  const main = page.locator('body');

  await t.test('it opens with the traces', async () => {
    await open('/');
    await page.getByText('Where is order A-1001?').first().waitFor();
    assert.equal(new URL(page.url()).pathname, '/traces');
  });
  await t.test('its navigation has the pages that show something', async () => {
    await nav.getByText('All metrics').waitFor();
    const shown = await nav.getByRole('link').filter({ visible: true }).allInnerTexts();
    assert.deepEqual(shown.map(text => text.trim()), ['Inbox', 'Overview', 'Scorers', 'Metrics', 'All metrics', 'Traces', 'Logs']);
  });
  await t.test('each of them opens without an error', async () => {
    for (const [path, text] of [
      ['/logs', 'order looked up'],
      ['/metrics', 'Total Agent Runs'],
      ['/inbox', 'Quick.'],
      ['/evaluation', 'mentions-status'],
      ['/scorers', 'mentions-status'],
      ['/settings', 'Theme'],
      ['/all-metrics', 'lookups'],
    ]) {
      await open(path);
      await main.getByText(text).filter({ visible: true }).first().waitFor();
    }
    assert.deepEqual(faults, []);
  });
  await t.test('the overview has the stored scores, and the run of a scorer leads somewhere', async () => {
    await open('/evaluation');
    await page.getByText('mentions-status').first().waitFor();
    assert.match(await main.innerText(), /Avg Score\s+0\.50?\b/);
    await open('/scorers/mentions-status');
    await page.getByText('0.5', { exact: true }).first().waitFor();
    assert.equal(await page.getByRole('button', { name: 'Run Experiment' }).filter({ visible: true }).count(), 0);
  });
  await t.test('a metric of the application is found by its name, with its labels and its trace', async () => {
    await open('/all-metrics');
    await page.getByRole('link', { name: 'lookups' }).click();
    await page.getByText('warehouse=north').waitFor();
    await page.getByRole('link', { name: 'trace', exact: true }).click();
    await page.waitForURL(`**/traces?traceId=${root.traceId}`);
    await page.getByRole('dialog', { name: 'Trace details' }).waitFor();
  });
  await t.test('feedback on a trace is shown with it, feedback on a span with the span', async () => {
    const { feedback } = annotations(root.traceId, undefined);
    assert.equal((await collector.publish('feedback', [{ ...feedback, comment: 'Of the whole run.' }])).stored, 1);
    await open(`/traces?traceId=${root.traceId}`);
    const trace = page.getByRole('dialog', { name: 'Trace details' });
    await trace.getByRole('tab', { name: /^Feedback/ }).first().click();
    await trace.getByText('Of the whole run.').waitFor();
    await trace.getByText("agent run: 'support'").last().click();
    await trace.getByRole('tab', { name: 'Details' }).waitFor();
    await trace.getByRole('tab', { name: /^Feedback/ }).last().click();
    await trace.getByText('Quick.').waitFor();
    assert.equal(await trace.getByText('Of the whole run.').count(), 1, 'only with the trace');
  });
  await t.test('the picture in the text of a trace is not fetched from where it is', async () => {
    const blocked = page.waitForEvent('console', message => /Content Security Policy directive: "img-src 'self'/.test(message.text()));
    await open(`/traces?traceId=${root.traceId}`);
    await page.getByRole('dialog', { name: 'Trace details' }).getByText("agent run: 'support'").last().click();
    await blocked;
    for (const fault of faults.splice(0)) assert.match(fault, /img-src/);
  });
  await t.test('a trace offers nothing that needs the application or a dataset', async () => {
    await open(`/traces?traceId=${root.traceId}`);
    const trace = page.getByRole('dialog', { name: 'Trace details' });
    await trace.getByRole('button', { name: 'Open trace actions' }).click();
    await page.getByRole('menuitem', { name: 'Download trace JSON' }).waitFor();
    const offered = await page.getByRole('menuitem').filter({ visible: true }).allInnerTexts();
    assert.deepEqual(offered, ['Download trace JSON']);
    await page.keyboard.press('Escape');
    assert.equal(await trace.getByText('Score trace').filter({ visible: true }).count(), 0);
  });
  await t.test('what leads to the pages of an application says why they are not there', async () => {
    faults.length = 0;
    for (const go of [
      () => open('/agents'),
      async () => { await open('/traces'); await nav.waitFor(); await page.keyboard.press('g'); await page.keyboard.press('a'); },
    ]) {
      await go();
      await page.getByText('belongs to the application itself').waitFor();
      await page.getByRole('link', { name: 'Traces' }).click();
      await page.getByText('Where is order A-1001?').first().waitFor();
    }
    assert.deepEqual(faults, Array(2).fill(`404 ${collector.url}/agents`));
  });
  await t.test('the search of everything has no page that is not there', async () => {
    await open('/traces');
    await nav.waitFor();
    await page.keyboard.press('Control+k');
    await page.locator('[cmdk-item]').filter({ hasText: '/traces' }).first().waitFor();
    const paths = (await page.locator('[cmdk-item]').filter({ visible: true }).allInnerTexts()).map(text => /\/[\w/-]+$/.exec(text)?.[0]);
    assert.deepEqual(paths.filter(path => /agents|workflows|tools|mcps|datasets|experiments|templates|prompts|workspaces/.test(path ?? '')), []);
  });
  assert.deepEqual(elsewhere, [], 'the page asks nobody but the collector');
});

test('nothing leaves this machine: the process asks nobody', async t => {
  const [, data] = await duckdb(t);
  const trace = join(await temporaryDirectory(t), 'trace');
  const watched = ['-f', '-qq', '-e', 'trace=connect,sendto,sendmsg', '-o', trace];
  const control = spawnSync('strace', [...watched, process.execPath, '-e', "net.connect(9, '127.0.0.1').on('error', () => {})"]);
  if (control.status !== 0) return t.skip("strace does not run here (Debian's package strace)");
  assert.match(readFileSync(trace, 'utf8'), /sa_family=AF_INET.*127\.0\.0\.1/, 'a connection would be seen');
  const bin = fileURLToPath(new URL('../bin/collector.mjs', import.meta.url));
  const child = spawn('strace', [...watched, process.execPath, bin, '--port', '0', '--data', data], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, MASTRA_CLOUD_ACCESS_TOKEN: TOKEN }, stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', text => { stdout += text; });
  while (!stdout.includes('In the app')) await once(child.stdout, 'data');
  const url = /^Mastra Studio +(http:\S+)\/traces$/m.exec(stdout)?.[1];
  const headers = { authorization: `Bearer ${TOKEN}` };
  const root = span();
  await fetch(`${url}/ai/spans/publish`, { method: 'POST', headers, body: JSON.stringify({ spans: [root] }) });
  for (const path of [
    '/traces', '/all-metrics', '/healthz', '/api/auth/capabilities', '/api/system/packages', '/api/agents', '/api/agents/providers',
    '/api/scores/scorers', '/api/editor/builder/settings', '/api/mcp/v0/servers', `/api/observability/traces/${root.traceId}`,
  ]) await (await fetch(url + path)).text();
  // A signal to strace is not passed on.
  process.kill(Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0]), 'SIGTERM');
  await closed;
  const asked = readFileSync(trace, 'utf8').split('\n').filter(line => /sa_family=AF_INET6?/.test(line));
  // Connecting a datagram socket to see what an address would be routed by sends nothing; there is none of that either.
  const others = asked.filter(line => !/inet_addr\("127\.|inet_pton\(AF_INET6, "::1"/.test(line));
  assert.deepEqual(others, []);
  assert.match(stdout, /SIGTERM: storing what has arrived/);
});
