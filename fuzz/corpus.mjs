// `node fuzz/corpus.mjs` makes fuzz/corpus/decode again from the table of tests/wire, which has bytes of the real
// serializer. Cases above 1 kB are left out. Of groups with very many cases it takes every twentieth.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAX_BYTES = 1024;
const MANY = { strings: 60, dates: 300, numbers: 6, tags: 1 };

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const lines = execFileSync(process.execPath, [here('../tests/wire/cases.mjs')], { encoding: 'utf8', maxBuffer: 2 ** 28 }).trim().split('\n');

const directory = here('corpus/decode');
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
const seen = {};
for (const { group, hex } of lines.map((line) => JSON.parse(line))) {
  seen[group] = (seen[group] ?? 0) + 1;
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length > MAX_BYTES || seen[group] % (MANY[group] ?? 1) !== 0) continue;
  writeFileSync(`${directory}/${group}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`, bytes);
}
