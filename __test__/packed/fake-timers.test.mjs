// Fake timers of test runners: used while spans are exported, then real ones again. The runner ends by itself, and the
// spans arrive.
import { after, before, describe, test } from 'node:test';
import { assertDelivers, fixture, makeProject } from './support/project.mjs';
import { NODES } from './support/tools.mjs';

const JEST = ['node_modules/jest/bin/jest.js', '--testMatch=**/*.jest.cjs'];
const RUNNERS = [
  ['jest', JEST],
  // It has no setImmediate.
  ['jest with jsdom', [...JEST, '--env=jsdom', '--setupFiles=./jsdom-globals.cjs']],
  ['sinon in node:test', ['fake-timers-sinon.mjs']],
  ['vitest, pool forks', ['node_modules/vitest/vitest.mjs', 'run', '--pool=forks'], { from: 22 }],
];
const FILES = ['fake-timers.cjs', 'fake-timers.jest.cjs', 'jsdom-globals.cjs', 'fake-timers-sinon.mjs', 'fake-timers.vitest.mjs'];

describe('fake timers', () => {
  let project;
  before(async () => {
    project = await makeProject({
      dependencies: { 'jest': '30.5.2', 'jest-environment-jsdom': '30.5.2', 'sinon': '22.1.0', 'vitest': '5.1.1' },
      files: {
        ...Object.fromEntries(FILES.map((name) => [name, fixture(name)])),
        'vitest.config.mjs': "export default { test: { include: ['*.vitest.mjs'] } };",
      },
    });
  });
  after(() => project?.remove());

  for (const [name, args, { from = 20 } = {}] of RUNNERS) {
    for (const [version, node] of NODES.filter(([version]) => Number(version) >= from)) {
      // One that hangs is killed, and fails.
      test(`${name}, Node ${version}`, () => assertDelivers(project, [node, ...args], { ids: ['one', 'two'], killAfterMs: 60_000 }));
    }
  }
});
