// The figures of `npm run volume`: kept in results.json, shown in the README of the collector.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

export const STORES = ['DuckDB', 'Postgres', 'ClickHouse'];

const RESULTS = new URL('results.json', import.meta.url);
const README = new URL('../../README.md', import.meta.url);
const REGION = /(<!-- npm run volume -->\n)([^]*?)(<!-- end -->)/;

/** @returns {Record<string, Record<string, string>>} what was measured, by store */
export function results() {
  return existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {};
}

/** @param {string} store @param {Record<string, string>} measured */
export function record(store, measured) {
  writeFileSync(RESULTS, `${JSON.stringify({ ...results(), [store]: measured }, undefined, 2)}\n`);
  writeFileSync(README, readFileSync(README, 'utf8').replace(REGION, (_, begin, before, end) => begin + table(results()) + end));
}

/** @returns {string | undefined} the table as the README has it */
export function tableOfReadme() {
  return REGION.exec(readFileSync(README, 'utf8'))?.[2];
}

/** @param {Record<string, Record<string, string>>} all @returns {string} Markdown, with a column for each store */
export function table(all) {
  const stores = STORES.filter(store => all[store]);
  if (stores.length === 0) return '';
  const names = Object.keys(all[stores[0]] ?? {});
  const row = cells => `| ${cells.join(' | ')} |\n`;
  return [
    row(['', ...stores]), row(['---', ...stores.map(() => '---')]),
    ...names.map(name => row([name, ...stores.map(store => all[store]?.[name] ?? '')])),
  ].join('');
}
