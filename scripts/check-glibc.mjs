// `node scripts/check-glibc.mjs FILE...`: fails if a binary needs a newer glibc than 2.17 or is larger than 5 MB.
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run } from './run.mjs';

/** The newest glibc whose symbols may be needed: that of CentOS 7 and of the oldest Lambda images. */
export const GLIBC = '2.17';
const MAX_BYTES = 5_000_000;

/** @param {string} file @returns {string} what was found, for people @throws {Error} if it is too new or too large */
export function checkBinary(file) {
  const bytes = statSync(file).size;
  const symbols = run('objdump', ['-T', file], { stdio: 'pipe' });
  const versions = [...symbols.matchAll(/\bGLIBC_(\d+(?:\.\d+)*)/g)].map(([, version]) => version);
  // A binary of this kind always needs some; none means that objdump has printed something else.
  if (versions.length === 0) throw new Error(`${file} names no glibc symbol`);
  const newest = versions.sort(compareVersions).at(-1);
  const found = `${basename(file)}: glibc ${newest} (at most ${GLIBC}), ${bytes} bytes (at most ${MAX_BYTES})`;
  if (compareVersions(newest, GLIBC) > 0) throw new Error(`${found}: needs too new a glibc; use npm run build:portable`);
  if (bytes > MAX_BYTES) throw new Error(`${found}: too large`);
  return found;
}

function compareVersions(a, b) {
  return a.localeCompare(b, 'en', { numeric: true });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const files = process.argv.slice(2);
  if (files.length === 0) throw new Error('usage: node scripts/check-glibc.mjs FILE...');
  for (const file of files) console.log(checkBinary(file));
}
