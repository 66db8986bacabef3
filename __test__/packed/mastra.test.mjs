// Mastra's own commands: what `mastra build` makes runs, and `mastra dev` serves.
import assert from 'node:assert/strict';
import { dirname, delimiter } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { example, makeProject } from './support/project.mjs';
import { assertServes } from './support/serve.mjs';
import { NODES } from './support/tools.mjs';

// The oldest Node that the command runs on. It starts others by name.
const NODE = Object.fromEntries(NODES)['22'];
const env = { PATH: [dirname(NODE), process.env.PATH].join(delimiter), MASTRA_TELEMETRY_DISABLED: '1' };
const MASTRA = 'node_modules/mastra/dist/index.js';
const BUILD_MS = 300_000;

const served = {
  path: '/api/workflows/greeting/start-async',
  request: {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ inputData: { name: 'Mastra' } }),
  },
  names: ["workflow run: 'greeting'", "workflow step: 'greet'"],
  env,
};

describe('mastra', () => {
  let project;
  before(async () => {
    const source = 'src/mastra/index.ts';
    project = await makeProject({ dependencies: { mastra: '1.31.0' }, files: { [source]: example(`mastra/${source}`) } });
  });
  after(() => project?.remove());

  // The packages are installed again beside the bundle, from a copy of the project's lock file.
  test('build, and what it built', async () => {
    const { code, stdout, stderr } = await project.run([NODE, MASTRA, 'build'], env, BUILD_MS);
    assert.equal(code, 0, stdout + stderr);
    await assertServes(project, [NODE, '.mastra/output/index.mjs'], { ...served, ready: /Mastra API running/ });
  });

  test('dev', () => assertServes(project, [NODE, MASTRA, 'dev'], { ...served, ready: /ready in/ }));
});
