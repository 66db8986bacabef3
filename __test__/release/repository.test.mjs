// `npm run repository -- URL` sets the address of the repository wherever it stands.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const URL_GIVEN = 'https://git.example.com/somebody/telemetry';
const FIELDS = ['homepage', 'bugs', 'repository', 'keywords'];

describe('the address of the repository', () => {
  let copy;
  const read = (directory, file) => readFileSync(join(directory, file), 'utf8');
  const run = (...args) => spawnSync(process.execPath, ['scripts/repository.mjs', ...args], { cwd: copy, encoding: 'utf8' });
  const listed = execFileSync('git', ['ls-files', 'package.json', 'npm/*/package.json', 'collector/package.json', 'scripts/*.mjs'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
  const manifests = listed.filter((file) => file.endsWith('package.json'));
  before(() => {
    copy = mkdtempSync(join(tmpdir(), 'repository-'));
    for (const file of listed) {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      cpSync(join(root, file), join(copy, file));
    }
  });
  after(() => rmSync(copy, { recursive: true, force: true }));

  test('what is no address is refused, and nothing is written', () => {
    for (const wrong of ['git@example.com:somebody/telemetry.git', 'http://git.example.com/somebody/telemetry', 'https://git.example.com/telemetry']) {
      const { status, stderr } = run(wrong);
      assert.equal(status, 1);
      assert.ok(stderr.includes(`the address has to be https://HOST/OWNER/NAME, got ${wrong}`), stderr);
    }
    for (const file of manifests) assert.equal(read(copy, file), read(root, file), file);
  });

  test('it is in every manifest that is published, and nothing else changes', () => {
    assert.equal(run(URL_GIVEN).status, 0);
    assert.ok(manifests.length > 9, `${manifests}`);
    for (const file of manifests) {
      const { homepage, bugs, repository, keywords, ...rest } = JSON.parse(read(copy, file));
      const folder = dirname(file);
      assert.deepEqual({ homepage, bugs, repository }, {
        homepage: `${URL_GIVEN}#readme`,
        bugs: { url: `${URL_GIVEN}/issues` },
        repository: { type: 'git', url: `git+${URL_GIVEN}.git`, ...(folder !== '.' && { directory: folder }) },
      }, file);
      assert.ok(keywords.includes('mastra'), file);
      const before = JSON.parse(read(root, file));
      assert.deepEqual(rest, Object.fromEntries(Object.entries(before).filter(([name]) => !FIELDS.includes(name))), file);
    }
  });
});
