// What an editor shows for an option: each one has a description with its default, and with its unit if it has one.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const ROOT = new URL('../../', import.meta.url);
/** Options of Mastra's base class, which describes them. */
const INHERITED = ['logger', 'logLevel', 'customSpanFormatter'];

/** Name and description of each option of a type that the declarations export. */
function options(file, type) {
  const path = fileURLToPath(new URL(file, ROOT));
  const program = ts.createProgram([path], { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, skipLibCheck: true });
  const checker = program.getTypeChecker();
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(path)));
  const symbol = exported.find(({ name }) => name === type);
  return checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
    .map((property) => [property.name, ts.displayPartsToString(property.getDocumentationComment(checker))]);
}

describe('descriptions of options', () => {
  for (const [file, type] of [['index.d.ts', 'CloudExporterConfig'], ['index.d.ts', 'MastraPlatformExporterConfig'], ['ai-tracing.d.ts', 'CloudExporterConfig']]) {
    test(`${type} of ${file}`, () => {
      const found = options(file, type).filter(([name]) => !INHERITED.includes(name));
      assert.ok(found.length >= 14);
      assert.deepEqual(found.filter(([, text]) => !/default/i.test(text)), []);
      for (const [suffix, unit] of [['Ms', /\bmilliseconds\b/], ['Bytes', /\bbytes\b/], ['Size', /\bnumber of records\b/]]) {
        const measured = found.filter(([name]) => name.endsWith(suffix));
        assert.ok(measured.length > 0, suffix);
        assert.deepEqual(measured.filter(([, text]) => !unit.test(text)), []);
      }
    });
  }
});
