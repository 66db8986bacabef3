// pnpm, whose packages see only what they declare.
import { after, before, describe, test } from 'node:test';
import { assertDelivers, fixture, makeProject } from './support/project.mjs';

describe('pnpm', () => {
  let project;
  before(async () => {
    const files = { 'esm.mjs': fixture('esm.mjs'), 'cjs.cjs': fixture('cjs.cjs') };
    project = await makeProject({ manager: 'pnpm', files });
  });
  after(() => project?.remove());

  test('import', () => assertDelivers(project, [process.execPath, 'esm.mjs']));
  test('require', () => assertDelivers(project, [process.execPath, 'cjs.cjs']));
});
