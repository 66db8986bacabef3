// The check of binaries, on libraries that zig's linkers make for every system: what is wrong with one is named.
import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkBinary } from '../../scripts/binaries/check.mjs';
import { zigEnvironment } from '../../scripts/platforms/portable.mjs';
import { run } from '../../scripts/run.mjs';

/** What the linker of Windows wants in a library without a C runtime. */
const ENTRY = 'int DllMainCRTStartup(void *a, int b, void *c) { return 1; }\n';
const KERNEL = `${ENTRY}__declspec(dllimport) unsigned long GetTickCount(void);\nunsigned long answer(void) { return GetTickCount(); }`;
const HEAP = `${ENTRY}__declspec(dllimport) void *malloc(unsigned long long);\nvoid *answer(void) { return malloc(42); }`;

/** Libraries of Linux: processor, name and version of the C library that each needs. */
const linux = (cpu, libc, version) => ({ name: `${libc} ${version ?? ''} on ${cpu}`, cpu, libc, version });
/** Those of Windows and macOS: source, zig's target, arguments of its linker. */
const other = (source, target, ...args) => ({ name: `${target} ${args.join(' ')}`, source, target, args });

// [library, package, what is said; undefined: it is good]
const CASES = [
  [linux('x86_64', 'libc.so.6', 'GLIBC_2.17'), 'linux-x64-gnu'],
  [linux('aarch64', 'libc.so.6', 'GLIBC_2.17'), 'linux-arm64-gnu'],
  [linux('aarch64', 'libc.so.6', 'GLIBC_2.17'), 'linux-x64-gnu', /is a binary for linux on arm64$/],
  [linux('x86_64', 'libc.so.6', 'GLIBC_2.34'), 'linux-x64-gnu', /needs glibc 2\.34, 2\.17 is the newest allowed$/],
  [linux('x86_64', 'libc.so.6'), 'linux-x64-gnu', /names no version of glibc$/],
  [linux('x86_64', 'libc.so.6', 'GLIBC_2.17'), 'linux-x64-musl', /needs libc\.so\.6$/],
  [linux('x86_64', 'libc.so', 'GLIBC_2.17'), 'linux-x64-musl', /needs glibc 2\.17$/],
  [linux('x86_64', 'libc.so'), 'linux-x64-musl'],
  [linux('aarch64', 'libc.musl-aarch64.so.1'), 'linux-arm64-musl'],
  [linux('x86_64', 'libc.so'), 'linux-x64-gnu', /needs libc\.so$/],
  [linux('x86_64', 'libstdc++.so.6', 'GLIBC_2.17'), 'linux-x64-gnu', /needs libstdc\+\+\.so\.6$/],
  [other(KERNEL, 'x86_64-windows-gnu', '-lkernel32'), 'win32-x64-msvc'],
  [other(KERNEL, 'aarch64-windows-gnu', '-lkernel32'), 'win32-arm64-msvc'],
  [other(KERNEL, 'x86_64-windows-gnu', '-lkernel32'), 'win32-arm64-msvc', /is a binary for win32 on x64$/],
  [other(HEAP, 'x86_64-windows-gnu', '-lapi-ms-win-crt-heap-l1-1-0'), 'win32-x64-msvc', /needs api-ms-win-crt-heap/],
  [other('', 'x86_64-macos.11.0'), 'darwin-x64'],
  [other('', 'aarch64-macos.11.0'), 'darwin-arm64'],
  [other('', 'x86_64-macos.11.0'), 'darwin-arm64', /is a binary for darwin on x64$/],
  [other('', 'aarch64-macos.13.0'), 'darwin-arm64', /needs macOS 13\.0, 11\.0 is the newest allowed$/],
  [other('', 'aarch64-macos.11.0'), 'linux-arm64-gnu', /is a binary for darwin on arm64$/],
];

describe('the check of binaries', () => {
  let directory;
  before(() => { directory = mkdtempSync(join(tmpdir(), 'headers-')); });
  after(() => rmSync(directory, { recursive: true, force: true }));

  const at = (name) => join(directory, name);
  function link(target, source, output, args) {
    writeFileSync(at('source.c'), source);
    const cc = ['-m', 'ziglang', 'cc', '-target', target, '-shared', '-nostdlib', '-o', output, at('source.c'), ...args];
    run('python3', cc, { env: zigEnvironment(), stdio: 'pipe' });
  }

  const built = new Map();
  /** Links the library, once. No C library is built for it: one of a single function stands in. */
  function library({ name, cpu, libc, version, source, target, args }) {
    const path = at(`library-${built.size}`);
    if (built.has(name)) return built.get(name);
    built.set(name, path);
    if (libc === undefined) {
      link(target, source || 'int answer(void) { return 42; }', path, args);
      return path;
    }
    writeFileSync(at('versions.map'), version ? `${version} { global: needed; };` : '{ global: needed; };');
    link(`${cpu}-linux`, 'int needed(void) { return 42; }', at(libc), [`-Wl,-soname,${libc}`, `-Wl,--version-script,${at('versions.map')}`]);
    link(`${cpu}-linux`, 'int needed(void);\nint answer(void) { return needed(); }', path, [at(libc)]);
    return path;
  }

  for (const [made, platform, expected] of CASES) {
    test(`${made.name} in the package ${platform}: ${expected ?? 'good'}`, () => {
      const check = () => checkBinary(library(made), platform);
      if (expected === undefined) assert.match(check(), /at most/);
      else assert.throws(check, expected);
    });
  }

  test('a file that is too large, and one that is no library', () => {
    const large = at('large');
    copyFileSync(library(linux('x86_64', 'libc.so')), large);
    appendFileSync(large, Buffer.alloc(5_000_000));
    assert.throws(() => checkBinary(large, 'linux-x64-musl'), /has \d+ bytes, 5000000 are allowed$/);
    assert.match(checkBinary(large, 'linux-x64-musl', 6_000_000), /bytes \(at most 6000000\)/);
    assert.throws(() => checkBinary(at('source.c'), 'linux-x64-musl'), /neither ELF, PE nor Mach-O/);
  });
});
