// A release, rehearsed: the scripts of the release workflow publish to a registry of this process, and what they have
// published is installed from there by the package managers.
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { runCommand } from '../support/child.mjs';
import { TARBALLS } from './support/project.mjs';
import { startRegistry } from './support/registry.mjs';
import { BUN, NEWEST_NODE, PNPM, YARN } from './support/tools.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const PLATFORMS = readdirSync(join(root, 'npm')).sort();
const MINUTES = 60_000;

/** Runs a script of scripts/release. */
function release(name, args, env) {
  const outside = { ...process.env, NODE_TEST_CONTEXT: undefined, GITHUB_ACTIONS: undefined, GITHUB_REF_TYPE: undefined };
  return runCommand(process.execPath, [join(root, 'scripts', 'release', name), ...args], { env: { ...outside, ...env }, killAfterMs: 5 * MINUTES });
}

describe('release', () => {
  let directory;
  let artifacts;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'release-'));
    artifacts = join(directory, 'artifacts');
    mkdirSync(artifacts);
    for (const tarball of Object.values(TARBALLS)) copyFileSync(tarball, join(artifacts, basename(tarball)));
    // Of the platforms that this machine has no binary for, the package without a binary.
    for (const platform of PLATFORMS.filter((name) => TARBALLS[`mastra-native-exporter-${name}`] === undefined)) {
      const source = join(directory, platform);
      cpSync(join(root, 'npm', platform), source, { recursive: true });
      const { code, stderr } = await runCommand('npm', ['pack', '--silent', '--pack-destination', artifacts], { cwd: source, env: process.env });
      assert.equal(code, 0, stderr);
    }
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  test('all packages are published, the main one after those of the platforms; repeated, nothing', async () => {
    const registry = await startRegistry();
    try {
      const first = await release('publish.mjs', [artifacts], registry.env);
      assert.equal(first.code, 0, first.stdout + first.stderr);
      const names = PLATFORMS.map((name) => `mastra-native-exporter-${name}`);
      assert.deepEqual(registry.published.slice(0, -2).sort(), names.sort());
      assert.deepEqual(registry.published.slice(-2), ['mastra-native-exporter', 'mastra-native-exporter-collector']);
      const second = await release('publish.mjs', [artifacts], registry.env);
      assert.equal(second.code, 0, second.stdout + second.stderr);
      assert.equal(registry.published.length, PLATFORMS.length + 2);
    } finally {
      await registry.close();
    }
  });

  test('a run that broke off is repeated: each package is published once', async () => {
    let broken = true;
    const registry = await startRegistry({ refuse: (name) => broken && name.endsWith('-darwin-x64') });
    try {
      const first = await release('publish.mjs', [artifacts], { ...registry.env, npm_config_fetch_retries: '0' });
      assert.notEqual(first.code, 0);
      assert.ok(!registry.published.includes('mastra-native-exporter'), 'the main package waits for all platforms');
      broken = false;
      const second = await release('publish.mjs', [artifacts], registry.env);
      assert.equal(second.code, 0, second.stdout + second.stderr);
      assert.equal(new Set(registry.published).size, PLATFORMS.length + 2);
      assert.equal(registry.published.length, PLATFORMS.length + 2);
    } finally {
      await registry.close();
    }
  });

  test('nothing is published by --dry-run, with a tag of another version, or with a tarball missing', async () => {
    const registry = await startRegistry();
    try {
      const dry = await release('publish.mjs', ['--dry-run', artifacts], registry.env);
      assert.equal(dry.code, 0, dry.stdout + dry.stderr);
      assert.equal(dry.stdout.match(/would be published/g).length, PLATFORMS.length + 2);
      const tagged = await release('publish.mjs', [artifacts], { ...registry.env, GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: 'v9.9.9' });
      assert.match(tagged.stderr, new RegExp(`the tag is v9\\.9\\.9, the version ${version}`));
      const empty = join(directory, 'empty');
      mkdirSync(empty);
      const without = await release('publish.mjs', [empty], registry.env);
      assert.match(without.stderr, /not in .*: mastra-native-exporter-/);
      assert.deepEqual([tagged.code, without.code, registry.published], [1, 1, []]);
    } finally {
      await registry.close();
    }
  });

  test('npm, pnpm, yarn and Bun install it from the registry, and it delivers', async () => {
    const bin = join(directory, 'bin');
    mkdirSync(bin);
    const shim = (name, command) => writeFileSync(join(bin, name), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
    shim('pnpm', `${NEWEST_NODE} ${PNPM}`);
    shim('yarn', `${NEWEST_NODE} ${YARN}`);
    shim('bun', BUN);
    const registry = await startRegistry();
    try {
      const published = await release('publish.mjs', [artifacts], registry.env);
      assert.equal(published.code, 0, published.stdout + published.stderr);
      for (const manager of ['npm', 'pnpm', 'yarn', 'bun']) {
        const cache = join(directory, `cache-${manager}`);
        const env = { ...registry.env, PATH: [bin, process.env.PATH].join(delimiter), npm_config_store_dir: cache, YARN_CACHE_FOLDER: cache, BUN_INSTALL_CACHE_DIR: cache };
        const { code, stdout, stderr } = await release('smoke.mjs', [manager], env);
        assert.equal(code, 0, `${manager}: ${stdout}${stderr}`);
        assert.match(stdout, new RegExp(`installed with ${manager}: the span arrived`));
      }
    } finally {
      await registry.close();
    }
  });
});
