// The rooms of the facade, in the order of DESIGN's table: each imports only from rooms below it.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';

const ROOT = new URL('../../', import.meta.url).pathname;
const design = readFileSync(`${ROOT}DESIGN.md`, 'utf8');

const rooms = [...design.matchAll(/^\| `facade\/([\w-]+)\/`/gm)].map(([, room]) => room);
const files = readdirSync(`${ROOT}facade`, { recursive: true }).map((name) => name.replaceAll('\\', '/')).filter((name) => name.endsWith('.ts'));
const roomOf = (path) => (path.includes('/') ? path.split('/')[0] : 'entry');

test('every file of the facade is an entry or in a room of the table', () => {
  assert.deepEqual([...new Set(files.map(roomOf))].sort(), ['entry', ...rooms].sort());
  assert.deepEqual(files.filter((path) => roomOf(path) === 'entry').sort(), ['ai-tracing.ts', 'index.ts']);
});

test('imports go down the table', () => {
  const order = ['entry', ...rooms];
  const imports = files.flatMap((path) =>
    [...readFileSync(`${ROOT}facade/${path}`, 'utf8').matchAll(/from '(\.[^']*)\.js'/g)]
      .map(([, target]) => ({ path, target: posix.normalize(posix.join(posix.dirname(path), target)) }))
      .filter(({ target }) => !target.startsWith('..')));
  assert.ok(imports.length > 50);
  const upwards = imports.filter(({ path, target }) => {
    const [from, to] = [order.indexOf(roomOf(path)), order.indexOf(roomOf(target))];
    return to < from || roomOf(target) === 'entry';
  });
  assert.deepEqual(upwards, []);
});
