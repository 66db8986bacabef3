// What is in the tarballs.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';
import { TARBALLS } from './support/project.mjs';

const root = new URL('../../', import.meta.url);
const readJson = (path) => JSON.parse(readFileSync(new URL(path, root), 'utf8'));
const manifest = readJson('package.json');
const PLATFORMS = readdirSync(new URL('npm/', root))
  .map((suffix) => ({ suffix, ...readJson(`npm/${suffix}/package.json`) }));
const { 'mastra-native-exporter': main, ...platforms } = TARBALLS;

const tar = (...args) => execFileSync('tar', args, { encoding: 'utf8' });
const list = (tarball) => tar('tf', tarball).trim().split('\n').map((path) => path.replace('package/', '')).sort();
const packed = (tarball) => JSON.parse(tar('xOf', tarball, 'package/package.json'));

// Rust's name of a platform: [os, cpu, libc].
const TARGETS = {
  'x86_64-unknown-linux-gnu': ['linux', 'x64', 'glibc'],
  'aarch64-unknown-linux-gnu': ['linux', 'arm64', 'glibc'],
  'x86_64-unknown-linux-musl': ['linux', 'x64', 'musl'],
  'aarch64-unknown-linux-musl': ['linux', 'arm64', 'musl'],
  'x86_64-apple-darwin': ['darwin', 'x64'],
  'aarch64-apple-darwin': ['darwin', 'arm64'],
  'x86_64-pc-windows-msvc': ['win32', 'x64'],
  'aarch64-pc-windows-msvc': ['win32', 'arm64'],
};

test('the main package holds what applications load, and no more', () => {
  const entries = Object.values(manifest.exports)
    .flatMap((value) => (typeof value === 'string' ? value : Object.values(value).flatMap(Object.values)));
  const paths = list(main);
  for (const entry of entries) assert.ok(paths.includes(entry.replace('./', '')), `${entry} is missing`);
  // Built JavaScript, types, documents and one example beside the three files of every package: nothing of source, tests or build.
  const rest = paths.filter((path) => !/^dist\/[\w-]+\.(js|cjs|d\.ts|d\.cts)$|^[\w-]+\.d\.ts$|^docs\/[\w-]+\.md$|^examples\/minimal\/app\.mjs$/.test(path));
  assert.deepEqual(rest, ['LICENSE', 'README.md', 'package.json']);
});

test('every link of a packed document leads to a file of the package or of the repository', () => {
  const paths = list(main);
  const prefix = `${manifest.repository.url.replace(/^git\+|\.git$/g, '')}/`;
  const documents = paths.filter((path) => path.endsWith('.md'));
  assert.ok(documents.length > 5);
  let outside = 0;
  for (const document of documents) {
    const links = [...tar('xOf', main, `package/${document}`).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, link]) => link);
    for (const link of links) {
      if (link.startsWith(prefix)) {
        outside += 1;
        const path = link.slice(prefix.length).replace(/^(blob|raw)\/v[^/]+\//, '');
        assert.ok(existsSync(new URL(path, root)), `${document}: ${link}`);
      } else if (!/^https:/.test(link)) {
        assert.ok(paths.includes(posix.join(posix.dirname(document), link)), `${document}: ${link}`);
      }
    }
  }
  assert.ok(outside > 0);
});

test('a release refuses the placeholder of the repository', { skip: !manifest.repository.url.includes('/OWNER/') && 'the repository is known' }, () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/pack.mjs', '--release'], { cwd: root, encoding: 'utf8' });
  assert.notEqual(status, 0);
  assert.match(stderr, /names the placeholder https:\/\/github\.com\/OWNER\/mastra-native-exporter: npm run repository/);
});

test('every manifest names the same repository', () => {
  const named = (path) => readJson(path).repository;
  for (const path of ['collector', ...PLATFORMS.map(({ suffix }) => `npm/${suffix}`)]) {
    assert.deepEqual(named(`${path}/package.json`), { ...manifest.repository, directory: path });
  }
});

test('the main package asks for each platform package in its own version, and runs no script', () => {
  const { version, scripts, devDependencies, optionalDependencies } = packed(main);
  assert.equal(version, manifest.version);
  assert.deepEqual([scripts, devDependencies], [undefined, undefined]);
  assert.deepEqual(optionalDependencies, Object.fromEntries(PLATFORMS.map(({ name }) => [name, version])));
});

test('there is a platform package for each target', () => {
  assert.deepEqual([...manifest.napi.targets].sort(), Object.keys(TARGETS).sort());
  const described = PLATFORMS.map(({ os, cpu, libc }) => [os, cpu, libc].flat().filter(Boolean).join());
  assert.deepEqual(described.sort(), Object.values(TARGETS).map((target) => target.join()).sort());
});

for (const { suffix, name, main: binary, version, scripts } of PLATFORMS) {
  test(`${name} names its binary and runs no script`, () => {
    assert.equal(name, `mastra-native-exporter-${suffix}`);
    assert.equal(binary, `mastra-native-exporter.${suffix}.node`);
    assert.equal(version, manifest.version);
    assert.equal(scripts, undefined);
  });
}

test("this machine's platform package holds its binary", () => {
  const [[name, tarball]] = Object.entries(platforms);
  const { main: binary } = PLATFORMS.find((platform) => platform.name === name);
  assert.deepEqual(list(tarball), ['LICENSE', 'README.md', binary, 'package.json']);
});

// Another version of the compiler or of a library makes another size.
test('README gives the size of the binary to a tenth of a MB or two', { skip: process.platform !== 'linux' || process.arch !== 'x64' }, () => {
  const [[name, tarball]] = Object.entries(platforms);
  const { main: binary } = PLATFORMS.find((platform) => platform.name === name);
  const { length } = execFileSync('tar', ['xOf', tarball, `package/${binary}`], { maxBuffer: 64 << 20 });
  const [, megabytes] = readFileSync(new URL('README.md', root), 'utf8').match(/The binary for Linux on x64 with glibc is (\S+) MB/);
  assert.ok(Math.abs(length / 1e6 - Number(megabytes)) < 0.25, `${length} bytes`);
});
