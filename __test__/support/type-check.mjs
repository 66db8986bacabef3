// TypeScript's compiler over sources that are not files.
import ts from 'typescript';
import { ROOT } from './documents.mjs';

const OPTIONS = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  strict: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  skipLibCheck: true,
  noEmit: true,
  types: ['node'],
  typeRoots: [`${ROOT}node_modules/@types`],
};

/**
 * Checks all sources in one program, strictly. Their paths say what they can import; the files need not exist.
 * @param {Record<string, string>} sources  by absolute path
 * @returns {string[]} an error each, with path and line
 */
export function typeErrors(sources) {
  const host = ts.createCompilerHost(OPTIONS);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => path in sources || fileExists(path);
  host.readFile = (path) => sources[path] ?? readFile(path);
  const program = ts.createProgram(Object.keys(sources), OPTIONS, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file ? file.getLineAndCharacterOfPosition(start ?? 0).line + 1 : 0;
    return `${file?.fileName}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}
