// Compiling for a platform whose linker or system libraries cannot be had here.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, start } from '../run.mjs';
import { zigEnvironment } from './portable.mjs';

/** What zig lacks of Visual C++ to compile the C of `ring`: two functions that the compiler knows by itself. */
const STDLIB = 'unsigned long _byteswap_ulong(unsigned long);\nunsigned __int64 _byteswap_uint64(unsigned __int64);\n';

/**
 * `cargo check`: all Rust is compiled, nothing is linked. The C of `ring` is compiled too, by zig.
 * @param {string} target
 * @param {object} options
 * @param {ReturnType<typeof import('./rust.mjs').rustFor>} options.rust
 * @param {string} options.targetDirectory
 * @param {Record<string, string>} options.env
 */
export async function compile(target, { rust, targetDirectory, env }) {
  const args = ['check', '--quiet', '--lib', '--release', '--target', target, '--target-dir', targetDirectory, ...rust.args];
  const headers = join(ROOT, 'target', 'platforms', 'headers');
  mkdirSync(headers, { recursive: true });
  writeFileSync(join(headers, 'stdlib.h'), STDLIB);
  const windows = { [`CFLAGS_${target.replaceAll('-', '_')}`]: `-isystem ${headers} -DRING_CORE_NOSTDLIBINC` };
  const flags = { RUSTFLAGS: rust.checkFlags, ...(target.endsWith('-msvc') ? windows : {}) };
  await start('cargo-zigbuild', args, { env: { ...zigEnvironment(), ...rust.env, ...env, ...flags } });
}
