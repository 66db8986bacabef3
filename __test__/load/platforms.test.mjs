// On every platform its package is loaded: the loader's list is that of npm/ and of napi.targets.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { makeInstallation } from '../support/installation.mjs';

const npm = new URL('../../npm/', import.meta.url);
const PLATFORMS = readdirSync(npm).map((name) => JSON.parse(readFileSync(new URL(`${name}/package.json`, npm), 'utf8')));
// Makes Node look as if it ran on another machine.
const PRELOAD = `
  const { os, cpu, memory } = JSON.parse(process.env.MACHINE);
  const fs = require('node:fs');
  const { readFileSync } = fs;
  fs.readFileSync = (path, ...rest) => (path === '/proc/self/maps' ? memory : readFileSync(path, ...rest));
  Object.defineProperty(process, 'platform', { value: os });
  Object.defineProperty(process, 'arch', { value: cpu });
`;
/** The C library in /proc/self/maps: musl as Alpine has it, and as musl's own installation, Void and Debian have it. */
const MEMORY = {
  glibc: ['/usr/lib/x86_64-linux-gnu/libc.so.6', '/lib64/libc-2.17.so'],
  musl: ['/lib/ld-musl-aarch64.so.1', '/usr/lib/libc.so', '/usr/lib/x86_64-linux-musl/libc.so'],
};
const line = (path) => `7f69aaef0000-7f69aaf04000 r--p 00000000 fe:00 6349232                    ${path}\n`;
const APP = "console.log(JSON.stringify(require('mastra-native-exporter').nativeBinding));";

describe('platforms', { concurrency: 2 }, () => {
  let installation;
  before(() => {
    installation = makeInstallation({ files: { 'app.cjs': APP, 'preload.cjs': PRELOAD } });
  });
  after(() => installation.remove());

  const machines = PLATFORMS.flatMap(({ name, os, cpu, libc }) => (MEMORY[libc] ?? ['']).map((path) => ({ name, os: os[0], cpu: cpu[0], path })));
  for (const { name, os, cpu, path } of machines) {
    test(`${name} ${path}`, async () => {
      const MACHINE = JSON.stringify({ os, cpu, memory: line('/usr/bin/node') + line(path) + line('/usr/lib/libstdc++.so.6') });
      const preload = ['--require', `${installation.directory}/preload.cjs`];
      const { code, stdout, stderr } = await installation.run('app.cjs', { MACHINE }, preload);
      assert.equal(code, 0, stderr);
      assert.deepEqual(JSON.parse(stdout), { loaded: false, reason: `the package ${name} is not installed` });
    });
  }
});
