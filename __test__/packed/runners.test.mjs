// Test runners, which load the package in worker threads or several times.
import { after, before, describe, test } from 'node:test';
import { assertDelivers, fixture, makeProject } from './support/project.mjs';
import { NEWEST_NODE } from './support/tools.mjs';

const VITEST = 'node_modules/vitest/vitest.mjs';
// Vitest leaves packages to Node, which loads them once; inlined it evaluates this one anew after each reset.
const CONFIG = "export default { test: { server: { deps: { inline: ['mastra-native-exporter'] } } } };";

describe('test runners', () => {
  let project;
  before(async () => {
    project = await makeProject({
      dependencies: { vitest: '5.1.1' },
      files: {
        'node-test.mjs': fixture('node-test.mjs'),
        'vitest.test.mjs': fixture('vitest.test.mjs'),
        'vitest.config.mjs': CONFIG,
      },
    });
  });
  after(() => project?.remove());

  test('node --test', () => assertDelivers(project, [process.execPath, '--test', 'node-test.mjs']));
  for (const pool of ['forks', 'threads']) {
    test(`vitest, pool ${pool}`, () => {
      const command = [NEWEST_NODE, VITEST, 'run', `--pool=${pool}`];
      return assertDelivers(project, command, { ids: ['one', 'two'], killAfterMs: 60_000 });
    });
  }
});
