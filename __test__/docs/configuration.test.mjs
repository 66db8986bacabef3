// docs/configuration.md compared with the engine's table of options, the types, and the environment variables that the
// facade reads.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { nativeBinding } from 'mastra-native-exporter';
import { ROOT, codeSpans, section, tableRows } from '../support/documents.mjs';
import { typeErrors } from '../support/type-check.mjs';

const PAGE = 'docs/configuration.md';
const TITLES = ['Credentials and addresses', 'Numbers', 'Other options'];
const ZERO_X = 'Mastra 0.x: /ai-tracing';
const rowsOf = (title) => tableRows(section(PAGE, title));
const optionsOf = (title) => rowsOf(title).flatMap(([names]) => codeSpans(names));

const facade = readdirSync(`${ROOT}facade`, { recursive: true }).filter((name) => name.endsWith('.ts'))
  .map((name) => [name.replaceAll('\\', '/'), readFileSync(`${ROOT}facade/${name}`, 'utf8')]);
const facadeOf = (path) => Object.fromEntries(facade)[path];

describe('docs/configuration.md', () => {
  test('numbers: names, defaults, units and limits are those of the engine', () => {
    const specs = JSON.parse(createRequire(import.meta.url)(nativeBinding.path).optionSpecs());
    const expected = specs.map(({ name, default: value, unit, min, max, lenient }) => [
      `\`${name}\``, `${value ?? 'none'}`, unit, `${min}`, `${max}`, lenient ? '' : 'own',
    ]);
    assert.deepEqual(rowsOf('Numbers').map((row) => row.slice(0, 6)), expected);
  });

  test('every option of the types is there, and no other', () => {
    const union = (names) => names.map((name) => `'${name}'`).join(' | ');
    const check = (entry, configs, names) => `
      import type { ${configs.join(', ')} } from '${entry}';
      type Typed = ${configs.map((config) => `keyof ${config}`).join(' | ')};
      type Documented = ${union(names)};
      export const nothingMissing: [Exclude<Typed, Documented>] extends [never] ? true : Exclude<Typed, Documented> = true;
      export const nothingElse: [Exclude<Documented, Typed>] extends [never] ? true : Exclude<Documented, Typed> = true;`;
    const zeroX = [...optionsOf(ZERO_X), ...optionsOf('Numbers'), 'compression', 'spoolDirectory', 'spoolSync'];
    assert.deepEqual(typeErrors({
      [`${ROOT}options.mts`]: check('mastra-native-exporter', ['CloudExporterConfig', 'MastraPlatformExporterConfig'], TITLES.flatMap(optionsOf)),
      [`${ROOT}options-0x.mts`]: check('mastra-native-exporter/ai-tracing', ['CloudExporterConfig'], zeroX),
    }), []);
  });

  // docs/migrating.md: on the way back TypeScript refuses the options that are marked.
  test('marked "own" are the options that the types of @mastra/observability do not have, and no others', () => {
    const marked = TITLES.flatMap(rowsOf).flatMap((row) => codeSpans(row[0]).map((name) => [name, row.slice(1).includes('own')]));
    const union = (own) => marked.filter(([, is]) => is === own).map(([name]) => `'${name}'`).join(' | ');
    assert.deepEqual(typeErrors({ [`${ROOT}own.mts`]: `
      import type { CloudExporterConfig, MastraPlatformExporterConfig } from '@mastra/observability';
      type Theirs = keyof CloudExporterConfig | keyof MastraPlatformExporterConfig;
      type Own = ${union(true)};
      type Common = ${union(false)};
      export const refused: [Own & Theirs] extends [never] ? true : Own & Theirs = true;
      export const common: [Exclude<Common, Theirs>] extends [never] ? true : Exclude<Common, Theirs> = true;` }), []);
  });

  test('addresses: the defaults are those of the code', () => {
    for (const [title, path] of [[TITLES[0], 'contracts/endpoints.ts'], [ZERO_X, 'contracts/ai-tracing/cloud-exporter.ts']]) {
      const [, address] = /DEFAULT_ENDPOINT = '(.*)'/.exec(facadeOf(path));
      const [row] = rowsOf(title).filter(([name]) => name === '`endpoint`');
      assert.ok(codeSpans(row.join(' ')).includes(address), `${title}: ${address}`);
    }
  });

  test('variables: those that the facade reads, beside those that are read for it', () => {
    const OTHERS = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'NO_PROXY']; // in either case: facade/network/proxies.ts
    const read = facade.flatMap(([, text]) => [...text.matchAll(/(?:env\[|variable\(|VARIABLE = )'(\w+)'/g)].map(([, name]) => name));
    const documented = rowsOf('Environment').flatMap(([names]) => codeSpans(names));
    assert.deepEqual(documented.sort(), [...new Set([...read, ...OTHERS])].sort());
    const mentioned = [...TITLES, ZERO_X].flatMap((title) => codeSpans(section(PAGE, title))).filter((name) => /^[A-Z]+(_[A-Z]+){2,}$/.test(name));
    assert.deepEqual(mentioned.filter((name) => !documented.includes(name) && !name.endsWith('INVALID_OPTION')), []);
  });
});
