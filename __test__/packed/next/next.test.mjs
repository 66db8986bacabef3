// A route of a Next.js application, built and started, with the documented setting.
import assert from 'node:assert/strict';
import { dirname, delimiter } from 'node:path';
import { after, before, test } from 'node:test';
import { example, makeProject } from '../support/project.mjs';
import { assertServes } from '../support/serve.mjs';
import { NODES } from '../support/tools.mjs';

const NODE = Object.fromEntries(NODES)['22'];
const NEXT = 'node_modules/next/dist/bin/next';
const FILES = ['next.config.mjs', 'mastra.js', 'app/api/greeting/route.js'];
const BUILD_MS = 300_000;
const env = { PATH: [dirname(NODE), process.env.PATH].join(delimiter), NEXT_TELEMETRY_DISABLED: '1' };

let project;
before(async () => {
  const files = Object.fromEntries(FILES.map((path) => [path, example(`bundlers/nextjs/${path}`)]));
  project = await makeProject({ dependencies: { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' }, files });
});
after(() => project?.remove());

test('Next.js', async () => {
  const { code, stdout, stderr } = await project.run([NODE, NEXT, 'build'], env, BUILD_MS);
  assert.equal(code, 0, stdout + stderr);
  await assertServes(project, [NODE, NEXT, 'start'], {
    ready: /Ready in/,
    path: '/api/greeting',
    request: { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'Next.js' }) },
    names: ["workflow run: 'greeting'", "workflow step: 'greet'"],
    // What Next.js makes of SIGTERM.
    end: [143, null],
    env,
  });
});
