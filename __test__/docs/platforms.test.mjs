// The documents say of the platforms what `npm run test:platforms` does.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { PLATFORMS } from '../../scripts/platforms/list.mjs';
import { read, section } from '../support/documents.mjs';

test("the list is that of the packages and of Rust's targets", () => {
  assert.deepEqual(PLATFORMS.map(({ name }) => name).sort(), readdirSync(new URL('../../npm/', import.meta.url)).sort());
  assert.deepEqual(PLATFORMS.map(({ target }) => target).sort(), [...JSON.parse(read('package.json')).napi.targets].sort());
});

test('the table of CONTRIBUTING.md says how each is proven', () => {
  const rows = [...read('CONTRIBUTING.md').matchAll(/^\| `([a-z0-9-]+)` \| (native|emulated|compiled) \|/gm)].map(([, name, proof]) => [name, proof]);
  assert.deepEqual(rows, PLATFORMS.map(({ name, proof }) => [name, proof]));
});

test('the short table of README.md says the same', () => {
  const wanted = { native: /^built and run natively/, emulated: /^built and run on an emulated processor/, compiled: /^compiled/ };
  const systems = { Linux: 'linux', Windows: 'win32', macOS: 'darwin' };
  const rows = [...section('README.md', 'What it needs').matchAll(/^\| ((?:Linux|Windows|macOS).*?) \| (.*) \|$/gm)];
  const said = rows.flatMap(([, names, text]) => {
    const all = (pattern) => names.match(pattern) ?? [''];
    const proof = Object.keys(wanted).find((key) => wanted[key].test(text));
    return all(/Linux|Windows|macOS/g).flatMap((system) => all(/x64|arm64/g).flatMap((cpu) => all(/glibc|musl/g).map((libc) => (
      [systems[system], cpu, { glibc: 'gnu', musl: 'musl' }[libc] ?? (system === 'Windows' ? 'msvc' : '')].filter(Boolean).join('-') + `: ${proof}`))));
  });
  assert.deepEqual(said.sort(), PLATFORMS.map(({ name, proof }) => `${name}: ${proof}`).sort());
});
