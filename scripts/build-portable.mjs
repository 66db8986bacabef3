// `npm run build:portable [-- TARGET]`: the binary as it is released. For Linux it is linked by zig, so that it needs no
// newer C library than the oldest supported one, whatever this machine has; elsewhere it is an ordinary build.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { GLIBC, checkBinary } from './check-glibc.mjs';
import { ROOT, run } from './run.mjs';

const TOOLS = join(ROOT, 'target', 'portable-tools');
const REQUIREMENTS = join(ROOT, 'scripts', 'portable-tools.txt');

const host = /^host: (.+)$/m.exec(run('rustc', ['-vV'], { stdio: 'pipe' }))[1];
const target = process.argv[2] ?? host;
const napi = ['napi', 'build', '--platform', '--release', '--no-js', '--dts', 'binding.d.ts', '--target'];

if (target.includes('-linux-')) {
  installTools();
  const env = {
    ...process.env,
    PATH: [join(TOOLS, 'bin'), process.env.PATH].join(delimiter),
    // cargo-zigbuild finds zig as a module of Python.
    PYTHONPATH: TOOLS,
  };
  const glibc = target.endsWith('-gnu');
  // In a directory of its own: with another linker Cargo builds all dependencies again.
  const zig = ['--cross-compile', '--target-dir', join(ROOT, 'target', 'portable')];
  run('npx', [...napi, glibc ? `${target}.${GLIBC}` : target, ...zig], { env });
  if (glibc) console.log(checkBinary(join(ROOT, `mastra-native-exporter.linux-${cpu(target)}-gnu.node`)));
} else {
  run('npx', [...napi, target]);
}

/** Node's name of the target's processor. */
function cpu(target) {
  return target.startsWith('aarch64-') ? 'arm64' : 'x64';
}

/** Installs the pinned tools, once for each version of the list. */
function installTools() {
  const wanted = readFileSync(REQUIREMENTS, 'utf8');
  const stamp = join(TOOLS, 'installed.txt');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(TOOLS, { recursive: true, force: true });
  mkdirSync(TOOLS, { recursive: true });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
  run('python3', [...pip, '--require-hashes', '--target', TOOLS, '--requirement', REQUIREMENTS]);
  writeFileSync(stamp, wanted);
}
