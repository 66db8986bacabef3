// An application that esbuild has bundled: with the documented setting, and without.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { assertDelivers, example, makeProject } from './support/project.mjs';

const names = ["workflow run: 'greeting'", "workflow step: 'greet'"];
const BUILD = example('bundlers/esbuild/build.mjs');
const WITHOUT = BUILD.replace("external: ['mastra-native-exporter']", 'external: []');

describe('esbuild', () => {
  let project;
  before(async () => {
    const files = { 'app.mjs': example('bundlers/app.mjs'), 'build.mjs': BUILD, 'without.mjs': WITHOUT };
    project = await makeProject({ dependencies: { esbuild: '0.28.2' }, files });
  });
  after(() => project?.remove());

  async function bundle(script) {
    const { code, stderr } = await project.run([process.execPath, script]);
    assert.equal(code, 0, stderr);
  }

  test('external', async () => {
    await bundle('build.mjs');
    await assertDelivers(project, [process.execPath, 'out/app.cjs'], { names });
  });

  describe('bundled in', () => {
    before(() => {
      assert.notEqual(WITHOUT, BUILD);
      return bundle('without.mjs');
    });

    test('the binary is found in node_modules', () => assertDelivers(project, [process.execPath, 'out/app.cjs'], { names }));

    test('away from node_modules, the JavaScript exporter delivers, and one warning names the setting', async () => {
      const elsewhere = mkdtempSync(join(tmpdir(), 'bundle-'));
      try {
        const app = join(elsewhere, 'app.cjs');
        copyFileSync(join(project.directory, 'out/app.cjs'), app);
        const output = await assertDelivers(project, [process.execPath, app], { names, env: { MASTRA_NATIVE_EXPORTER: '' } });
        assert.equal(output.match(/MASTRA_NATIVE_EXPORTER_FALLBACK/g)?.length, 1, output);
        assert.match(output, /if you bundle, keep mastra-native-exporter external/);
      } finally {
        rmSync(elsewhere, { recursive: true, force: true });
      }
    });
  });
});
