// Every supported Node, with npm: import, require, workers, the package loaded from two places, and the example that the
// README tells a reader to copy.
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { assertDelivers, fixture, makeProject } from './support/project.mjs';
import { NODES } from './support/tools.mjs';

const NAMES = ['esm.mjs', 'cjs.cjs', 'workers.mjs', 'twice.mjs'];

describe('Node', () => {
  let project;
  let other;
  before(async () => {
    [project, other] = await Promise.all([
      makeProject({ files: Object.fromEntries(NAMES.map((name) => [name, fixture(name)])) }),
      makeProject(),
    ]);
  });
  // As `cp` of the README does.
  before(() => copyFileSync(join(project.directory, 'node_modules/mastra-native-exporter/examples/minimal/app.mjs'), join(project.directory, 'app.mjs')));
  after(() => {
    project?.remove();
    other?.remove();
  });

  for (const [version, node] of NODES) {
    test(`${version}: import`, () => assertDelivers(project, [node, 'esm.mjs']));
    test(`${version}: require`, () => assertDelivers(project, [node, 'cjs.cjs']));
    test(`${version}: worker threads`, () =>
      assertDelivers(project, [node, 'workers.mjs'], { ids: ['imported', 'required', 'main'] }));
    test(`${version}: the example of the package`, async () => {
      const names = ["workflow run: 'greeting'", "workflow step: 'greet'"];
      assert.match(await assertDelivers(project, [node, 'app.mjs'], { names }), /spans: 2 accepted, 2 delivered \{\}/);
    });
    test(`${version}: from two places`, () => {
      const SECOND = pathToFileURL(join(other.directory, 'node_modules/mastra-native-exporter/dist/index.js')).href;
      return assertDelivers(project, [node, 'twice.mjs'], { ids: ['here', 'there'], env: { SECOND } });
    });
  }
});
