// On every platform its package is loaded: the loader's list is that of npm/ and of napi.targets.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { makeInstallation } from '../support/installation.mjs';

const npm = new URL('../../npm/', import.meta.url);
const PLATFORMS = readdirSync(npm).map((name) => JSON.parse(readFileSync(new URL(`${name}/package.json`, npm), 'utf8')));
// Makes Node look as if it ran on another machine.
const PRELOAD = `
  const { os, cpu, libc } = JSON.parse(process.env.MACHINE);
  const fs = require('node:fs');
  const { readFileSync } = fs;
  const memory = libc === 'musl' ? '/lib/ld-musl-aarch64.so.1' : '/lib64/ld-linux-x86-64.so.2';
  fs.readFileSync = (path, ...rest) => (path === '/proc/self/maps' ? memory : readFileSync(path, ...rest));
  Object.defineProperty(process, 'platform', { value: os });
  Object.defineProperty(process, 'arch', { value: cpu });
`;
const APP = "console.log(JSON.stringify(require('mastra-native-exporter').nativeBinding));";

describe('platforms', { concurrency: 2 }, () => {
  let installation;
  before(() => {
    installation = makeInstallation({ files: { 'app.cjs': APP, 'preload.cjs': PRELOAD } });
  });
  after(() => installation.remove());

  for (const { name, os, cpu, libc } of PLATFORMS) {
    test(name, async () => {
      const MACHINE = JSON.stringify({ os: os[0], cpu: cpu[0], libc: libc?.[0] });
      const preload = ['--require', `${installation.directory}/preload.cjs`];
      const { code, stdout, stderr } = await installation.run('app.cjs', { MACHINE }, preload);
      assert.equal(code, 0, stderr);
      assert.deepEqual(JSON.parse(stdout), { loaded: false, reason: `the package ${name} is not installed` });
    });
  }
});
