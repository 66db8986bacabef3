// A strict TypeScript project, also one that checks the declarations of its dependencies.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeProject } from './support/project.mjs';
import { TYPE_CHECKING, typeErrors } from './support/types.mjs';

// [module, moduleResolution, the application's files]
const MODES = [
  ['nodenext', 'nodenext', ['app.mts', 'app.cts']],
  ['preserve', 'bundler', ['app.mts']],
];

describe('TypeScript, strict', () => {
  let project;
  before(async () => {
    project = await makeProject(TYPE_CHECKING);
  });
  after(() => project?.remove());

  for (const [module, moduleResolution, files] of MODES) {
    for (const skipLibCheck of [true, false]) {
      test(`module ${module}, moduleResolution ${moduleResolution}, skipLibCheck ${skipLibCheck}`, async () => {
        assert.deepEqual(await typeErrors(project, { module, moduleResolution, skipLibCheck }, files), []);
      });
    }
  }
});
