// `node scripts/binaries/check.mjs FILE.PLATFORM.node...` fails if a binary does not fit the package of its platform. It
// checks the system, the processor, the size, and that the binary needs only libraries that every such machine has.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readHeader } from './headers.mjs';

/** The newest glibc whose symbols may be needed: that of CentOS 7 and of the oldest Lambda images. */
export const GLIBC = '2.17';
/** Rust's own limit on arm64. Node 20 itself runs on older versions too. */
const MACOS = '11.0';
const MAX_BYTES = 5_000_000;

/** The libraries that a binary may need, by system and C library. */
const LIBRARIES = {
  gnu: /^(lib(c|m|dl|pthread|rt)\.so\.\d|ld-linux-.*\.so\.\d|libgcc_s\.so\.1)$/,
  // musl's name is libc.so with zig and libc.musl-ARCH.so.1 with gcc on Alpine. musl accepts both names.
  musl: /^libc(\.musl-\w+)?\.so(\.1)?$/,
  // A clean Windows has neither the runtime of Visual C++ nor that of MinGW.
  msvc: /^(?!vcruntime|msvcp|msvcr\d|ucrtbase|api-ms-win-crt-|libgcc|libwinpthread)/i,
  darwin: /^(\/usr\/lib\/|\/System\/Library\/)/,
};

/**
 * @param {string} file  a binary, of any name
 * @param {string} platform  of its package, like `linux-x64-musl`
 * @param {number} [maxBytes]  of a binary that is published, by default
 * @returns {string} what was found, for people
 * @throws {Error} naming what is wrong with it
 */
export function checkBinary(file, platform, maxBytes = MAX_BYTES) {
  const content = readFileSync(file);
  const header = readHeader(content);
  const [os, cpu, abi = os] = platform.split('-');
  const name = `${basename(file)} for ${platform}`;
  const fail = (text) => { throw new Error(`${name}: ${text}`); };

  if (header.os !== os || header.cpu !== cpu) fail(`is a binary for ${header.os} on ${header.cpu}`);
  const strange = header.needed.filter((library) => !LIBRARIES[abi].test(library));
  if (strange.length > 0) fail(`needs ${strange.join(', ')}`);
  const found = [`needs ${header.needed.join(', ')}`, `${content.length} bytes (at most ${maxBytes})`];
  if (os === 'linux') {
    const versions = header.versions.filter((version) => /^GLIBC_\d/.test(version)).map((version) => version.slice('GLIBC_'.length));
    if (abi === 'musl' && versions.length > 0) fail(`needs glibc ${versions.join(', ')}`);
    // Each binary needs at least one of these. One without is of another kind.
    if (abi === 'gnu' && versions.length === 0) fail('names no version of glibc');
    if (abi === 'gnu') found.push(`glibc ${atMost(newest(versions), GLIBC, 'glibc')}`);
  }
  if (os === 'darwin') found.push(`macOS ${atMost(header.minimumOs ?? fail('names no macOS version'), MACOS, 'macOS')}`);
  if (content.length > maxBytes) fail(`has ${content.length} bytes, ${maxBytes} are allowed`);
  return `${name}: ${found.join('; ')}`;

  function atMost(version, limit, what) {
    if (compareVersions(version, limit) > 0) fail(`needs ${what} ${version}, ${limit} is the newest allowed`);
    return `${version} (at most ${limit})`;
  }
}

const compareVersions = (a, b) => a.localeCompare(b, 'en', { numeric: true });
const newest = (versions) => [...versions].sort(compareVersions).at(-1);

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const files = process.argv.slice(2);
  if (files.length === 0) throw new Error('usage: node scripts/binaries/check.mjs FILE.PLATFORM.node...');
  for (const file of files) console.log(checkBinary(file, file.split('.').at(-2)));
}
