// An application that webpack has bundled, with the documented setting.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertDelivers, example, makeProject } from './support/project.mjs';

// Only so that a build that is held does not hold the suite.
const BUILD_MS = 300_000;

let project;
before(async () => {
  const files = {
    'app.mjs': example('bundlers/app.mjs'),
    'webpack.config.mjs': example('bundlers/webpack/webpack.config.mjs'),
  };
  project = await makeProject({ dependencies: { webpack: '5.112.2', 'webpack-cli': '7.3.1' }, files });
});
after(() => project?.remove());

test('webpack', async () => {
  const { code, stdout, stderr } = await project.run([process.execPath, 'node_modules/webpack/bin/webpack.js'], {}, BUILD_MS);
  assert.equal(code, 0, stdout + stderr);
  const names = ["workflow run: 'greeting'", "workflow step: 'greet'"];
  await assertDelivers(project, [process.execPath, 'out/app.cjs'], { names });
});
