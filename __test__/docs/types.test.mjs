import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import * as peer from '@mastra/observability';
import * as ours from 'mastra-native-exporter';
import ts from 'typescript';

test('a strict TypeScript project compiles against the declarations, as ES module and as CommonJS', () => {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const project = fileURLToPath(new URL('../fixtures/types/tsconfig.json', import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});

test('the constants of MastraPlatformExporter are exported', () => {
  for (const name of ['OBSERVABILITY_CAPABILITIES_HEADER', 'QUOTA_PAUSE_CAPABILITY']) {
    assert.equal(typeof peer[name], 'string');
    assert.equal(ours[name], peer[name]);
  }
});

test('of the exporters and their options those are deprecated that are so in @mastra/observability', () => {
  const NAMES = ['CloudExporter', 'CloudExporterConfig', 'MastraPlatformExporter', 'MastraPlatformExporterConfig'];
  const deprecated = (specifier) => {
    const from = fileURLToPath(new URL('../fixtures/types/app.mts', import.meta.url));
    const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2022, noEmit: true };
    const { resolvedModule } = ts.resolveModuleName(specifier, from, options, ts.sys, undefined, undefined, ts.ModuleKind.ESNext);
    const program = ts.createProgram([resolvedModule.resolvedFileName], options);
    const checker = program.getTypeChecker();
    const module = checker.getSymbolAtLocation(program.getSourceFile(resolvedModule.resolvedFileName));
    return checker.getExportsOfModule(module)
      .filter(({ name }) => NAMES.includes(name))
      .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
      .filter((symbol) => symbol.getJsDocTags(checker).some(({ name }) => name === 'deprecated'))
      .map(({ name }) => name).sort();
  };
  assert.deepEqual(deprecated('mastra-native-exporter'), ['CloudExporter', 'CloudExporterConfig']);
  assert.deepEqual(deprecated('mastra-native-exporter'), deprecated('@mastra/observability'));
});
