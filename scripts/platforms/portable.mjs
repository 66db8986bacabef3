// The binary as it is released. For Linux it is linked by zig, so that it needs no newer C library than the oldest
// supported one, whatever this machine has; elsewhere it is an ordinary build.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { GLIBC, checkBinary } from '../binaries/check.mjs';
import { ROOT, start } from '../run.mjs';
import { download } from './download.mjs';
import { platformOf } from './list.mjs';

const TOOLS = join(ROOT, 'target', 'portable-tools');
const REQUIREMENTS = join(ROOT, 'scripts', 'portable-tools.txt');

/**
 * Builds and checks the binary of a platform.
 * @param {string} target  Rust's name
 * @param {object} [options]
 * @param {string} [options.output]  directory for the binary; the repository by default
 * @param {Record<string, string>} [options.env]  beside this process's own
 * @param {string[]} [options.args]  for Cargo
 * @param {string} [options.targetDirectory]  Cargo's
 * @param {number} [options.maxBytes]  as checkBinary takes it
 * @param {boolean} [options.show]  prints as it goes; true by default
 * @returns {Promise<string>} what the check found, for people
 */
export async function buildBinary(target, options = {}) {
  const { output = ROOT, env = {}, args = [], targetDirectory = join(ROOT, 'target', 'portable'), maxBytes, show = true } = options;
  const { name } = platformOf(target);
  const napi = ['napi', 'build', '--platform', '--release', '--no-js', '--dts', 'binding.d.ts', '--output-dir', output, '--target'];
  const cargo = args.length > 0 ? ['--', ...args] : [];
  if (target.includes('-linux-')) {
    const versioned = target.endsWith('-gnu') ? `${target}.${GLIBC}` : target;
    // In a directory of its own: with another linker Cargo builds all dependencies again.
    const zig = ['--cross-compile', '--target-dir', targetDirectory];
    await start('npx', [...napi, versioned, ...zig, ...cargo], { env: { ...zigEnvironment(), ...env }, show });
  } else {
    await start('npx', [...napi, target, ...cargo], { env: { ...process.env, ...env }, show });
  }
  return checkBinary(join(output, `mastra-native-exporter.${name}.node`), name, maxBytes);
}

/** Environment in which Cargo finds zig and cargo-zigbuild, installed on first use, once for each version of the list. */
export function zigEnvironment() {
  const wanted = readFileSync(REQUIREMENTS, 'utf8');
  const stamp = join(TOOLS, 'installed.txt');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    rmSync(TOOLS, { recursive: true, force: true });
    mkdirSync(TOOLS, { recursive: true });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
    download('python3', [...pip, '--require-hashes', '--target', TOOLS, '--requirement', REQUIREMENTS]);
    writeFileSync(stamp, wanted);
  }
  return {
    ...process.env,
    PATH: [join(TOOLS, 'bin'), process.env.PATH].join(delimiter),
    // cargo-zigbuild finds zig as a module of Python.
    PYTHONPATH: TOOLS,
  };
}
