// `npm version` sets every version of the repository, the crate's and so the user agent's among them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';

const root = fileURLToPath(new URL('../../', import.meta.url));
const NEXT = '98.76.54';
// Where a version stands that has nothing to do with a release.
const OTHERS = /^(__test__|examples|bench|docs)\//;

describe('npm version', () => {
  let copy;
  const run = (command, args) => execFileSync(command, args, { cwd: copy, encoding: 'utf8', stdio: 'pipe', maxBuffer: 2 ** 26 });
  before(() => {
    copy = mkdtempSync(join(tmpdir(), 'version-'));
    const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
    for (const file of files.filter((name) => !OTHERS.test(name))) {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      cpSync(join(root, file), join(copy, file));
    }
    run('git', ['init', '--quiet']);
    run('git', ['add', '.']);
    run('npm', ['version', NEXT, '--no-git-tag-version', '--force']);
  });
  after(() => rmSync(copy, { recursive: true, force: true }));

  test('all manifests and lock files have it', () => {
    const version = (path) => JSON.parse(readFileSync(join(copy, path), 'utf8')).version;
    const manifests = run('git', ['ls-files', 'package*.json', 'npm/*/package.json', 'collector/package*.json']).trim().split('\n');
    assert.equal(manifests.length, 12);
    assert.deepEqual(manifests.map((path) => [path, version(path)]), manifests.map((path) => [path, NEXT]));
  });

  test('the crate has it, and its lock file agrees', () => {
    const metadata = run('cargo', ['metadata', '--locked', '--offline', '--format-version=1']);
    assert.equal(JSON.parse(metadata).packages.find(({ name }) => name === 'mastra-native-exporter').version, NEXT);
  });

  // Cargo would download what only the fuzz target needs to say so itself.
  test('the lock file of the fuzz target has it', () => {
    const lock = readFileSync(join(copy, 'fuzz', 'Cargo.lock'), 'utf8');
    assert.match(lock, new RegExp(`^name = "mastra-native-exporter"\\nversion = "${NEXT}"$`, 'm'));
  });

  test('what was written is staged', () => {
    const unstaged = run('git', ['diff', '--name-only']).trim().split('\n');
    // npm stages these two itself when it commits.
    assert.deepEqual(unstaged, ['package-lock.json', 'package.json']);
  });
});
