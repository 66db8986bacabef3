// A download that fails is a reason to skip a platform; one that brings another file than was asked for is a failure.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Unavailable, download } from '../../scripts/platforms/download.mjs';

let directory;
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'download-'));
  writeFileSync(join(directory, 'there-1-py3-none-any.whl'), 'any bytes');
});
after(() => rmSync(directory, { recursive: true, force: true }));

/** Asks pip for a package, in a directory that stands in for PyPI. */
function pip(name) {
  const requirements = join(directory, 'requirements.txt');
  writeFileSync(requirements, `${name}==1 --hash=sha256:${'0'.repeat(64)}\n`);
  const args = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--no-index', '--find-links', directory];
  download('python3', [...args, '--require-hashes', '--dest', join(directory, 'new'), '--requirement', requirements]);
}

test('a package that cannot be had is a reason to skip', () => {
  assert.throws(() => pip('missing'), (error) => error instanceof Unavailable && /a download failed: .*No matching distribution/s.test(error.message));
});

test('a file with another hash is a failure', () => {
  assert.throws(() => pip('there'), (error) => !(error instanceof Unavailable) && /DO NOT MATCH THE HASHES/.test(error.message));
});
