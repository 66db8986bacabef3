// Loads one module of the facade from its source, for tests and benchmarks that need what the package does not export.
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';

import ts from 'typescript';

/** The module `facade/NAME.ts`. It may import types, Node's own modules, and modules of the facade like itself. */
export function facadeModule(name) {
  return import(dataUrl(name));
}

function dataUrl(name) {
  const source = readFileSync(new URL(`../../facade/${name}.ts`, import.meta.url), 'utf8');
  const { outputText } = ts.transpileModule(source, { compilerOptions: { module: 'esnext', target: 'es2023' } });
  const linked = outputText.replaceAll(/from '(\.[^']*)\.js'/g, (_, path) => `from '${dataUrl(posix.join(posix.dirname(name), path))}'`);
  return `data:text/javascript,${encodeURIComponent(linked).replaceAll("'", '%27')}`;
}
