// Type-checking the applications of ../../fixtures/types in a project.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const text = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const { devDependencies } = JSON.parse(text('package.json'));

/** What a project needs for it. */
export const TYPE_CHECKING = {
  dependencies: Object.fromEntries(['typescript', '@types/node'].map((name) => [name, devDependencies[name]])),
  files: Object.fromEntries(['app.mts', 'app.cts'].map((name) => [name, text(`__test__/fixtures/types/${name}`)])),
};

/** The errors of the compiler in strict mode, without errors in the declarations of other packages. */
export async function typeErrors(project, compilerOptions, files) {
  const common = { target: 'es2022', strict: true, exactOptionalPropertyTypes: true, noEmit: true };
  project.put('tsconfig.json', JSON.stringify({ compilerOptions: { ...common, ...compilerOptions }, files }));
  const command = [process.execPath, 'node_modules/typescript/bin/tsc', '--listFiles'];
  const { stdout, stderr } = await project.run(command, {}, 300_000);
  assert.match(stdout, /node_modules\/mastra-native-exporter\//, stdout + stderr);
  const errors = stdout.split('\n').filter((line) => line.includes('error TS'));
  // The peer's own declarations have errors, with or without this package.
  return errors.filter((line) => !/^node_modules\/(?!mastra-native-exporter\/)/.test(line));
}
