// A Rust compiler with a standard library for a target that rustup has not installed.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from '../run.mjs';
import { unpack } from './debian.mjs';

const COMPILER = ['rustc-web', 'libstd-rust-web-dev', 'libstd-rust-web-dev:arm64', 'rust-web-src'];
/** The compiler itself and its LLVM. */
const FOLLOW = { pattern: /^(libstd-rust-web-\d|libllvm\d)/, release: 'bookworm-security' };
/** What its LLVM needs and a small installation of Debian lacks. */
const LIBRARIES = ['libedit2', 'libz3-4', 'libxml2', 'libicu72', 'libbsd0', 'libmd0', 'libffi8'];

/** The targets whose standard library is in COMPILER. */
const PREBUILT = ['aarch64-unknown-linux-gnu'];

/**
 * The ordinary compiler if it has a standard library for the target, which `rustup target add` installs; else Debian's,
 * with Debian's standard library or, where there is none, its source: the versions of the two have to be the same.
 * @param {string} target
 * @returns {{ env: Record<string, string>, args: string[], checkFlags: string }} for Cargo; `checkFlags` are RUSTFLAGS for a
 *   check: Cargo would not only check the standard library but compile it, for a minute
 * @throws {import('./download.mjs').Unavailable} if there is neither
 */
export function rustFor(target) {
  const libraries = run('rustc', ['--print', 'target-libdir', '--target', target], { stdio: 'pipe' }).trim();
  if (existsSync(libraries) && readdirSync(libraries).some((name) => name.startsWith('libstd-'))) return { env: {}, args: [], checkFlags: '' };
  const root = unpack('rust', [
    ...COMPILER.map((name) => `${name}/bookworm-security`),
    ...LIBRARIES.map((name) => `${name}/bookworm`),
  ], FOLLOW);
  const bin = join(ROOT, 'target', 'platforms', 'bin');
  mkdirSync(bin, { recursive: true });
  const rustc = join(bin, 'rustc');
  // For the compiler alone: what Cargo starts beside it is to find the libraries of this machine.
  writeFileSync(rustc, `#!/bin/sh\nLD_LIBRARY_PATH='${root}/usr/lib/x86_64-linux-gnu' exec '${root}/usr/bin/rustc' "$@"\n`, { mode: 0o755 });
  // Also where it makes no difference: crates that depend on it would be compiled anew at every change.
  const env = { RUSTC: rustc, RUSTC_BOOTSTRAP: '1' };
  if (PREBUILT.includes(target)) return { env, args: [], checkFlags: '' };
  // Without what prints backtraces: six crates fewer.
  const args = ['-Zbuild-std=std,panic_unwind', '-Zbuild-std-features=panic-unwind'];
  return { env, args, checkFlags: '-Zno-codegen' };
}
