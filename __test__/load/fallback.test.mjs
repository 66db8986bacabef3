// An installation without a usable binary: which exporters are used, which warning is written, and what
// MASTRA_NATIVE_EXPORTER changes.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { relative } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startCollector } from '../../examples/demo/collector.mjs';
import { BINARY, PLATFORM_PACKAGE, makeInstallation } from '../support/installation.mjs';

// Loads the package as ES module, as CommonJS and in a worker, and exports one span from each.
const APP = `
  import { createRequire } from 'node:module';
  import { Worker, isMainThread } from 'node:worker_threads';
  import * as imported from 'mastra-native-exporter';
  const required = createRequire(import.meta.url)('mastra-native-exporter');

  const span = (id) => ({ type: 'span_ended', exportedSpan: { id, traceId: 't', name: id, type: 'agent_run', startTime: new Date() } });
  async function deliver({ CloudExporter }, id) {
    const exporter = new CloudExporter({ accessToken: 'secret', endpoint: process.env.URL, maxQueueBytes: 2 ** 20, logLevel: 'error' });
    await exporter.exportTracingEvent(span(id));
    const before = exporter.stats().traces;
    await exporter.shutdown();
    return { accepted: before.accepted, delivered: exporter.stats().traces.delivered, name: exporter.constructor.name };
  }
  if (isMainThread) {
    const stats = [await deliver(imported, 'imported'), await deliver(required, 'required')];
    await new Promise((resolve) => new Worker(new URL(import.meta.url)).once('exit', resolve));
    console.log(JSON.stringify({ bindings: [imported.nativeBinding, required.nativeBinding], stats }));
  } else {
    await deliver(imported, 'worker');
  }
`;
/** The suite runs on both C libraries; each knows the error of its own loader, and the package of the other. */
const MUSL = PLATFORM_PACKAGE.endsWith('-musl');
const OTHER_PACKAGE = PLATFORM_PACKAGE.replace(/-(gnu|musl)$/, MUSL ? '-gnu' : '-musl');

// Stand-ins for other machines; `memory` is what Node reads of its own memory map.
const memory = (read) => `
  const fs = require('node:fs');
  const { readFileSync } = fs;
  fs.readFileSync = (path, ...rest) => (path === '/proc/self/maps' ? (${read})() : readFileSync(path, ...rest));
  require('node:module').syncBuiltinESMExports();
`;
const PRELOADS = {
  'riscv.cjs': "Object.defineProperty(process, 'arch', { value: 'riscv64' });",
  'other-libc.cjs': memory(`() => '7f00-7f01 r-xp 0 00:00 1 ${MUSL ? '/lib64/ld-linux-x86-64.so.2' : '/lib/ld-musl-x86_64.so.1'}'`),
  'no-proc.cjs': memory("() => { throw new Error('ENOENT'); }"),
  'no-report.cjs': "process.report.getReport = () => { throw new Error('it looks up host names on Node 20.0 to 20.12'); };",
};
const files = { 'app.mjs': APP, ...PRELOADS };
const GOOD = { copy: BINARY };

/** Runs the application against a collector. */
async function run({ binary, env, preload }) {
  const collector = await startCollector();
  const installation = makeInstallation({ binary, files });
  try {
    const nodeArgs = preload ? ['--require', `${installation.directory}/${preload}`] : [];
    const { code, stdout, stderr } = await installation.run('app.mjs', { URL: collector.url, ...env }, nodeArgs);
    const ids = collector.records('spans').map(({ id }) => id).sort();
    return { code, stderr, ids, ...(stdout ? JSON.parse(stdout) : {}), directory: installation.directory };
  } finally {
    installation.remove();
    await collector.close();
  }
}

const warnings = (stderr, code) => stderr.match(new RegExp(`\\[MASTRA_NATIVE_EXPORTER_${code}\\]`, 'g'))?.length ?? 0;

const NAME = /Name the binary of this version .* in MASTRA_NATIVE_EXPORTER_PATH/;

// [name, what is installed, the reason, the fix]
const CASES = [
  ['no package for the platform', {}, new RegExp(`${PLATFORM_PACKAGE} is not installed`), /--include=optional/],
  ['a file that is no binary', { binary: { text: 'not an ELF file' } }, /the binary cannot be loaded \(.*exporter\.node: (invalid ELF header|file too short|Exec format error)/, /Install .* again/],
  ['a binary of another API version', { binary: { module: 'exports.API_VERSION = 999;' } }, /has API version 999, but mastra-native-exporter needs \d+/, /Install .* again .* in the same version/],
  ['a binary from before API versions', { binary: { module: 'exports.NativeExporter = class {};' } }, /has API version undefined/, /Install .* again .* in the same version/],
  ['a binary that throws while it is loaded', { binary: { module: "throw new Error('glibc is too old');" } }, /cannot be loaded \(glibc is too old\)/, /Install .* again/],
  ['a machine without a binary', { binary: GOOD, preload: 'riscv.cjs' }, /there is no binary for linux-riscv64-(gnu|musl)/, /MASTRA_NATIVE_EXPORTER=off/],
  ['a named file that is not there', { binary: GOOD, env: { MASTRA_NATIVE_EXPORTER_PATH: '/missing.node' } }, /cannot be loaded \(Cannot find module '\/missing\.node'/, NAME],
  ['a named file that is no binary', { binary: GOOD, env: { MASTRA_NATIVE_EXPORTER_PATH: fileURLToPath(new URL('../../README.md', import.meta.url)) } }, /the binary cannot be loaded/, NAME],
  ['a named module of another API version', { binary: GOOD, env: { MASTRA_NATIVE_EXPORTER_PATH: createRequire(import.meta.url).resolve('zod') } }, /has API version undefined/, NAME],
  ['the other C library', { binary: GOOD, preload: 'other-libc.cjs' }, new RegExp(`${OTHER_PACKAGE} is not installed`), /--include=optional/],
];

describe('without a usable binary', { concurrency: 2 }, () => {
  for (const [name, installed, reason, fix] of CASES) {
    test(`${name}: the JavaScript exporters deliver, one warning says why`, async () => {
      const { code, stderr, ids, bindings, stats } = await run(installed);
      assert.equal(code, 0, stderr);
      assert.deepEqual(ids, ['imported', 'required', 'worker']);
      for (const binding of bindings) {
        assert.equal(binding.loaded, false);
        assert.match(binding.reason, reason);
      }
      assert.deepEqual(stats, Array(2).fill({ accepted: 0, delivered: 0, name: 'CloudExporter' }));
      assert.equal(warnings(stderr, 'FALLBACK'), 1, stderr);
      assert.match(stderr, reason);
      assert.match(stderr, fix);
      assert.doesNotMatch(stderr, /secret/);
    });

    test(`${name}: MASTRA_NATIVE_EXPORTER=require is an error at import`, async () => {
      const { code, stderr, ids } = await run({ ...installed, env: { ...installed.env, MASTRA_NATIVE_EXPORTER: 'require' } });
      assert.equal(code, 1);
      assert.deepEqual(ids, []);
      assert.match(stderr, reason);
      assert.match(stderr, fix);
      assert.match(stderr, /MASTRA_NATIVE_EXPORTER=require/);
    });
  }

  test('MASTRA_NATIVE_EXPORTER=off says nothing', async () => {
    const { code, stderr, ids } = await run({ env: { MASTRA_NATIVE_EXPORTER: 'off' } });
    assert.equal(code, 0, stderr);
    assert.deepEqual(ids, ['imported', 'required', 'worker']);
    assert.equal(warnings(stderr, '\\w+'), 0, stderr);
  });
});

describe('with a binary that the environment names', { concurrency: 2 }, () => {
  // [name, what is installed beside it, the path]
  const NAMED = [
    ['no package', {}, BINARY],
    ['a package of another version', { binary: { module: 'exports.API_VERSION = 999;' } }, BINARY],
    ['a machine without a package', { preload: 'riscv.cjs' }, BINARY],
    ['relative to the working directory', {}, relative(process.cwd(), BINARY)],
  ];
  for (const [name, installed, path] of NAMED) {
    test(name, async () => {
      const { code, stderr, ids, bindings } = await run({ ...installed, env: { MASTRA_NATIVE_EXPORTER_PATH: path } });
      assert.equal(code, 0, stderr);
      assert.deepEqual(ids, ['imported', 'required', 'worker']);
      assert.deepEqual(bindings, Array(2).fill({ loaded: true, path: BINARY }));
      assert.equal(warnings(stderr, '\\w+'), 0, stderr);
    });
  }
});

describe('with a binary', { concurrency: 2 }, () => {
  // [name, environment and machine, is it used?, warnings about the variable]
  const SETTINGS = [
    ['by default', {}, true, 0],
    ['MASTRA_NATIVE_EXPORTER=require', { env: { MASTRA_NATIVE_EXPORTER: 'require' } }, true, 0],
    ['MASTRA_NATIVE_EXPORTER=off', { env: { MASTRA_NATIVE_EXPORTER: 'off' } }, false, 0],
    ['an empty MASTRA_NATIVE_EXPORTER', { env: { MASTRA_NATIVE_EXPORTER: '' } }, true, 0],
    ['another value', { env: { MASTRA_NATIVE_EXPORTER: 'Required' } }, true, 1],
    ['no diagnostic report is made', { preload: 'no-report.cjs' }, true, 0],
    ['without /proc', { preload: 'no-proc.cjs' }, true, 0],
  ];
  for (const [name, setting, used, warned] of SETTINGS) {
    // Where nothing tells the C library, glibc is assumed.
    const skip = MUSL && setting.preload === 'no-proc.cjs' && 'only on glibc';
    test(name, { skip }, async () => {
      const { code, stderr, ids, bindings, stats, directory } = await run({ binary: GOOD, ...setting });
      assert.equal(code, 0, stderr);
      assert.deepEqual(ids, ['imported', 'required', 'worker']);
      const expected = used
        ? { loaded: true, path: `${directory}/node_modules/${PLATFORM_PACKAGE}/exporter.node` }
        : { loaded: false, reason: 'MASTRA_NATIVE_EXPORTER=off' };
      assert.deepEqual(bindings, [expected, expected]);
      const count = Number(used);
      assert.deepEqual(stats, Array(2).fill({ accepted: count, delivered: count, name: 'CloudExporter' }));
      assert.equal(warnings(stderr, 'VARIABLE'), warned, stderr);
      assert.equal(warnings(stderr, 'FALLBACK'), 0, stderr);
      if (warned) assert.match(stderr, /MASTRA_NATIVE_EXPORTER is 'Required'.*'require', 'off' or absent/);
    });
  }
});
