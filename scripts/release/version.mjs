// Runs inside `npm version`, which has set the version of package.json: sets it for the platform packages, the crate (the
// user agent names it) and the collector, and stages what it has written for the commit.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from '../run.mjs';

const { name, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const written = [];

for (const platform of readdirSync(join(ROOT, 'npm'))) {
  edit(`npm/${platform}/package.json`, /^( {2}"version": ")[^"]+/m, 1);
}
edit('collector/package.json', /^( {2}"version": ")[^"]+/m, 1);
// The lock file names its own package twice.
edit('collector/package-lock.json', /^((?: {2}| {6})"version": ")[^"]+/gm, 2);
edit('Cargo.toml', /^(version = ")[^"]+/m, 1);
for (const lock of ['Cargo.lock', 'fuzz/Cargo.lock']) edit(lock, new RegExp(`^(name = "${name}"\\nversion = ")[^"]+`, 'm'), 1);
run('git', ['add', ...written]);

/** Replaces what follows the group in the first `times` matches. @throws {Error} if there are fewer */
function edit(path, pattern, times) {
  let left = times;
  const text = readFileSync(join(ROOT, path), 'utf8')
    .replace(pattern, (match, before) => (left === 0 ? match : (left -= 1, `${before}${version}`)));
  if (left > 0) throw new Error(`${path}: no version found where it is expected`);
  writeFileSync(join(ROOT, path), text);
  written.push(path);
}
