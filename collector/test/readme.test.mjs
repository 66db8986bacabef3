// The figures of the README are those that `npm run volume` measured, and its limits those of the code.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { results, table, tableOfReadme } from './volume/table.mjs';

test('the table of what the stores do is made of what was measured', () => {
  assert.equal(tableOfReadme(), table(results()));
});

test('the limits of the README are those of the code', () => {
  const read = path => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
  const text = read('README.md').replaceAll(/\s+/g, ' ');
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
  ]) assert.ok(text.includes(said), said);
});
