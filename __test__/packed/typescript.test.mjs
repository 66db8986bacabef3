// A strict TypeScript project, also one that checks the declarations of its dependencies.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { makeProject } from './support/project.mjs';

const { devDependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const APP = readFileSync(new URL('../fixtures/types/app.mts', import.meta.url), 'utf8');
const COMMON_JS_APP = readFileSync(new URL('../fixtures/types/app.cts', import.meta.url), 'utf8');

// [module, moduleResolution, the application's files]
const MODES = [
  ['nodenext', 'nodenext', ['app.mts', 'app.cts']],
  ['preserve', 'bundler', ['app.mts']],
];

describe('TypeScript, strict', () => {
  let project;
  before(async () => {
    const dependencies = Object.fromEntries(['typescript', '@types/node'].map((name) => [name, devDependencies[name]]));
    project = await makeProject({ dependencies, files: { 'app.mts': APP, 'app.cts': COMMON_JS_APP } });
  });
  after(() => project?.remove());

  /** What the compiler complains about. */
  async function errors(compilerOptions, files) {
    const common = { target: 'es2022', strict: true, exactOptionalPropertyTypes: true, noEmit: true };
    project.put('tsconfig.json', JSON.stringify({ compilerOptions: { ...common, ...compilerOptions }, files }));
    const command = [process.execPath, 'node_modules/typescript/bin/tsc', '--listFiles'];
    const { stdout, stderr } = await project.run(command, {}, 120_000);
    assert.match(stdout, /node_modules\/mastra-native-exporter\//, stdout + stderr);
    return stdout.split('\n').filter((line) => line.includes('error TS'));
  }

  for (const [module, moduleResolution, files] of MODES) {
    test(`module ${module}, moduleResolution ${moduleResolution}`, async () => {
      assert.deepEqual(await errors({ module, moduleResolution, skipLibCheck: true }, files), []);
    });

    // The peer's own declarations have errors, with or without this package.
    test(`module ${module}, moduleResolution ${moduleResolution}, skipLibCheck false`, async () => {
      const found = await errors({ module, moduleResolution, skipLibCheck: false }, files);
      assert.deepEqual(found.filter((line) => !/^node_modules\/(?!mastra-native-exporter\/)/.test(line)), []);
    });
  }
});
