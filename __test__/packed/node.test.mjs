// Every supported Node, with npm: import, require, workers, and the package loaded from two places.
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
  after(() => {
    project?.remove();
    other?.remove();
  });

  for (const [version, node] of NODES) {
    test(`${version}: import`, () => assertDelivers(project, [node, 'esm.mjs']));
    test(`${version}: require`, () => assertDelivers(project, [node, 'cjs.cjs']));
    test(`${version}: worker threads`, () =>
      assertDelivers(project, [node, 'workers.mjs'], { ids: ['imported', 'required', 'main'] }));
    test(`${version}: from two places`, () => {
      const SECOND = pathToFileURL(join(other.directory, 'node_modules/mastra-native-exporter/dist/index.js')).href;
      return assertDelivers(project, [node, 'twice.mjs'], { ids: ['here', 'there'], env: { SECOND } });
    });
  }
});
