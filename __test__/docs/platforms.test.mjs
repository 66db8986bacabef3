// The documents say of the platforms what `npm run test:platforms` does.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { PLATFORMS } from '../../scripts/platforms/list.mjs';
import { read } from '../support/documents.mjs';

test("the list is that of the packages and of Rust's targets", () => {
  assert.deepEqual(PLATFORMS.map(({ name }) => name).sort(), readdirSync(new URL('../../npm/', import.meta.url)).sort());
  assert.deepEqual(PLATFORMS.map(({ target }) => target).sort(), [...JSON.parse(read('package.json')).napi.targets].sort());
});

test('the table of CONTRIBUTING.md says how each is proven', () => {
  const rows = [...read('CONTRIBUTING.md').matchAll(/^\| `([a-z0-9-]+)` \| (native|emulated|compiled) \|/gm)].map(([, name, proof]) => [name, proof]);
  assert.deepEqual(rows, PLATFORMS.map(({ name, proof }) => [name, proof]));
});
