// A module of the facade by itself, from its source: what the package does not export, but tests and benchmarks need.
import { readFileSync } from 'node:fs';

import ts from 'typescript';

/** The module `facade/NAME.ts`, which may import types and what is built in, and nothing else. */
export function facadeModule(name) {
  const source = readFileSync(new URL(`../../facade/${name}.ts`, import.meta.url), 'utf8');
  const { outputText } = ts.transpileModule(source, { compilerOptions: { module: 'esnext', target: 'es2023' } });
  return import(`data:text/javascript,${encodeURIComponent(outputText)}`);
}
