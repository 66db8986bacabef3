// A route of a Next.js application, built with the documented settings: in its project, and as it is deployed.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { example, makeProject } from '../support/project.mjs';
import { assertServes } from '../support/serve.mjs';
import { NODES } from '../support/tools.mjs';

const NODE = Object.fromEntries(NODES)['22'];
const NEXT = 'node_modules/next/dist/bin/next';
const CONFIG = 'next.config.mjs';
const FILES = [CONFIG, 'mastra.js', 'app/api/greeting/route.js'];
const BUILD_MS = 300_000;
const env = { PATH: [dirname(NODE), process.env.PATH].join(delimiter), NEXT_TELEMETRY_DISABLED: '1' };

const served = {
  ready: /Ready in/,
  path: '/api/greeting',
  request: { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'Next.js' }) },
  names: ["workflow run: 'greeting'", "workflow step: 'greet'"],
  // What Next.js makes of SIGTERM.
  end: [143, null],
  env,
};

describe('Next.js', () => {
  let project;
  before(async () => {
    const files = Object.fromEntries(FILES.map((path) => [path, example(`bundlers/nextjs/${path}`)]));
    files[CONFIG] = files[CONFIG].replace('export default {', "export default {\n  output: 'standalone',");
    project = await makeProject({ dependencies: { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' }, files });
    const { code, stdout, stderr } = await project.run([NODE, NEXT, 'build'], env, BUILD_MS);
    assert.equal(code, 0, stdout + stderr);
  });
  after(() => project?.remove());

  test('next start', () => assertServes(project, [NODE, NEXT, 'start'], served));

  test('the standalone output, away from node_modules', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'standalone-'));
    try {
      cpSync(join(project.directory, '.next/standalone'), elsewhere, { recursive: true });
      await assertServes(project, [NODE, join(elsewhere, 'server.js')], served);
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
  });
});
