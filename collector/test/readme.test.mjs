// The figures of the README are those that `npm run volume` measured, its limits those of the code, its options those of
// the command line.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

import { CloudExporter } from '../../dist/index.js';
import { parseOptions } from '../src/options.mjs';
import { runCollector, startCollector } from './support/collector.mjs';
import { SPANS_PER_TRACE, exportTraces } from './support/load.mjs';
import { TEXT, section, tables } from './support/readme.mjs';
import { duckdb, test } from './support/test.mjs';
import { results, table, tableOfReadme } from './volume/table.mjs';

test('the table of what the stores do is made of what was measured', () => {
  assert.equal(tableOfReadme(), table(results()));
});

test('the limits of the README are those of the code', () => {
  const read = path => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
  /** The value of a constant: products of numbers, or a text. @param {string} file @param {string} name */
  const constant = (file, name) => {
    const [, value] = new RegExp(`\\b${name}(?: =|:) ('[^']*'|[\\d_* ]+)`).exec(read(`src/${file}`)) ?? assert.fail(`${file} has no ${name}`);
    return value.startsWith("'") ? value.slice(1, -1).replace('MB', ' MB') : value.split('*').reduce((product, factor) => product * Number(factor.replaceAll('_', '')), 1);
  };
  const count = (file, name) => constant(file, name).toLocaleString('en');
  const mib = (file, name) => `${constant(file, name) / 2 ** 20} MiB`;
  const seconds = (file, name) => `${constant(file, name) / 1000} s`;
  const body = mib('body.mjs', 'BODY_LIMIT_BYTES');
  for (const said of [
    `| a body, unpacked | ${body}, ${count('record-list.mjs', 'RECORDS_LIMIT')} records |`,
    `| a record | ${mib('record-parts.mjs', 'bytes')}, ${count('record-parts.mjs', 'values')} values, ${count('record-parts.mjs', 'depth')} levels, ${count('record-parts.mjs', 'fields')} fields |`,
    `| bodies in memory | ${2 * parseInt(body)} MiB together`,
    `| a pause within a body | ${seconds('body.mjs', 'IDLE_TIMEOUT_MS')} |`,
    `| a body as a whole | ${seconds('server.mjs', 'REQUEST_TIMEOUT_MS')} |`,
    `DuckDB keeps up to ${constant('store-duckdb.mjs', 'MEMORY_LIMIT')} in its own buffers`,
    `(\`.wal\`) grows to ${constant('store-duckdb.mjs', 'CHECKPOINT_THRESHOLD')},`,
    `in a table of the collector's own, \`${constant('clickhouse/observability.mjs', 'REVIEWS')}\`.`,
    `the scorers of the newest ${(constant('scorers.mjs', 'PAGES') * constant('scorers.mjs', 'PER_PAGE')).toLocaleString('en')} scores.`,
  ]) assert.ok(TEXT.includes(said), said);
});

test('the spans that are measured are a million of about 2.3 kB', async t => {
  let bytes = 0;
  const server = createServer(async (request, response) => {
    for await (const chunk of request) bytes += chunk.length;
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close().closeAllConnections());
  const traces = 20;
  await exportTraces(new CloudExporter({ accessToken: 't', endpoint: `http://127.0.0.1:${server.address().port}` }), traces);
  const [, said] = /sends a million spans of about ([\d.]+) kB/.exec(TEXT) ?? [];
  const measured = bytes / traces / SPANS_PER_TRACE / 1000;
  t.diagnostic(`${measured.toFixed(2)} kB`);
  assert.ok(Math.abs(measured - Number(said)) < 0.1, `${measured} kB`);
  for (const { 'spans stored, none lost': spans } of Object.values(results())) assert.equal(spans, '1,000,000');
});

test('the options of the README are those of the command line, with their defaults', async () => {
  const [[, ...rows]] = tables('Start');
  const defaults = Object.fromEntries(rows.map(([option, value]) => [/^`--([a-z-]+)/.exec(option)?.[1], value]));
  const { stdout } = await runCollector(['--help']);
  const offered = [...stdout.matchAll(/^  --([a-z-]+)/gm)].map(([, name]) => name).filter(name => name !== 'help');
  assert.deepEqual(Object.keys(defaults), offered);

  const code = text => [...text.matchAll(/`([^`]+)`/g)].map(([, span]) => span);
  const { store, host, port, retentionMs, tokens, studioToken } = parseOptions([], {}) ?? {};
  assert.deepEqual(code(defaults.data).map(path => `file:${path}`), [store]);
  assert.deepEqual([code(defaults.host), code(defaults.port).map(Number)], [[host], [port]]);
  assert.deepEqual([defaults.store, defaults.retention, retentionMs], ['', 'keep everything', undefined]);
  assert.deepEqual([tokens, studioToken], [[], undefined]);
  const env = text => Object.fromEntries(code(text).map(name => [name, `of-${name}`]));
  assert.deepEqual(parseOptions([], env(defaults.token))?.tokens, Object.values(env(defaults.token)));
  assert.deepEqual([parseOptions([], env(defaults['studio-token']))?.studioToken], Object.values(env(defaults['studio-token'])));
  assert.match(defaults.token, /, else generated$/);

  const about = Object.fromEntries(rows.map(([option, , text]) => [/^`--([a-z-]+)/.exec(option)?.[1], code(text)]));
  for (const age of about.retention) assert.ok((parseOptions(['--retention', age], {})?.retentionMs ?? 0) > 0, age);
  for (const url of about.store) assert.ok(parseOptions(['--store', url.replace('...', 'host/traces')], {}), url);
});

test('the line for the application is the one of the README', async t => {
  const collector = await startCollector(await duckdb(t), {});
  await collector.stop();
  const [, url] = /^Mastra Studio +(\S+)\/traces$/m.exec(collector.output.stdout) ?? [];
  const [, line = ''] = /^In the app +(.*)$/m.exec(collector.output.stdout) ?? [];
  const said = line.replace(url ?? 'an address', 'http://127.0.0.1:4112').replace(/accessToken: '[^']+'/, "accessToken: '...'");
  assert.ok(section('Start').includes(`\n${said};\n`), said);
});
