// @vercel/nft, with which Vercel, Netlify, Next.js and others copy what an application needs: no setting, and the copy delivers.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { assertDelivers, fixture, makeProject } from './support/project.mjs';
import { nodeFileTrace } from './support/tools.mjs';

const NAMES = ['esm.mjs', 'cjs.cjs'];

describe('traced files', () => {
  let project;
  before(async () => {
    project = await makeProject({ files: Object.fromEntries(NAMES.map((name) => [name, fixture(name)])) });
  });
  after(() => project?.remove());

  for (const name of NAMES) {
    test(name, async () => {
      const { fileList } = await nodeFileTrace([join(project.directory, name)], { base: project.directory });
      const binaries = [...fileList].filter((path) => /mastra-native-exporter.*\.node$/.test(path));
      assert.equal(binaries.length, 1, `${binaries}`);
      const elsewhere = mkdtempSync(join(tmpdir(), 'traced-'));
      try {
        for (const path of fileList) cpSync(join(project.directory, path), join(elsewhere, path), { verbatimSymlinks: true });
        await assertDelivers(project, [process.execPath, join(elsewhere, name)]);
      } finally {
        rmSync(elsewhere, { recursive: true, force: true });
      }
    });
  }

  // Its entry for Mastra 0.x is not run here: that needs another version of the peer.
  for (const extension of ['js', 'cjs']) {
    test(`the entry ai-tracing.${extension} has the binary too`, async () => {
      const entry = join(project.directory, `node_modules/mastra-native-exporter/dist/ai-tracing.${extension}`);
      const { fileList } = await nodeFileTrace([entry], { base: project.directory });
      assert.equal([...fileList].filter((path) => /mastra-native-exporter.*\.node$/.test(path)).length, 1);
    });
  }
});
