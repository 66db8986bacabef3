// `npm run test:platforms [-- NAME...]`: proves on Linux on x64 what can be proven there of the other platforms, or of
// those named: builds their binaries and lets them deliver on a Node of that platform, or compiles for it. Ends with the
// counts. What is downloaded and built stays in target/platforms.
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, start } from '../run.mjs';
import { compile } from './compile.mjs';
import { deliver, runTests } from './deliver.mjs';
import { Unavailable, download } from './download.mjs';
import { PLATFORMS } from './list.mjs';
import { nodeFor } from './nodes.mjs';
import { buildBinary, zigEnvironment } from './portable.mjs';
import { rustFor } from './rust.mjs';

const CARGO = join(ROOT, 'target', 'platforms', 'cargo');
/** How a binary is built that is not published: what the release profile does beyond this takes minutes a binary. */
const FAST = { CARGO_PROFILE_RELEASE_LTO: 'off', CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16', CARGO_PROFILE_RELEASE_OPT_LEVEL: '0' };
/** Without optimisation the one for x64 with musl has 12.8 MB, three times as much as the published one. */
const MAX_BYTES = 16_000_000;
const counts = { passed: 0, failed: 0, skipped: 0 };

const names = process.argv.slice(2);
const chosen = PLATFORMS.filter(({ name }) => (names.length > 0 ? names.includes(name) : name !== 'linux-x64-gnu'));
if (chosen.length < names.length) throw new Error(`unknown platform in ${names.join(', ')}; there are ${PLATFORMS.map(({ name }) => name).join(', ')}`);

const started = performance.now();
if (names.length === 0) {
  await attempt('what proves them', async () => {
    assertHost();
    // Installs it: the tests could only fail without it.
    zigEnvironment();
    add(await runTests('headers.test.mjs'));
    add(await runTests('download.test.mjs'));
  });
}
let facade;
/** One platform delivers while the next is built. Never two at a time: emulated they are slow enough. */
let deliveries = Promise.resolve();
for (const platform of chosen) {
  await attempt(platform.name, async () => {
    assertHost();
    const rust = rustFor(platform.target);
    download('cargo', ['fetch', '--quiet', '--locked', '--target', platform.target]);
    if (platform.proof === 'compiled') {
      await compile(platform.target, { rust, targetDirectory: CARGO, env: FAST });
      pass(`${platform.name}: compiled`);
      return;
    }
    const node = nodeFor(platform.name);
    const directory = join(ROOT, 'target', 'platforms', platform.name);
    const binaries = join(directory, 'binary');
    mkdirSync(binaries, { recursive: true });
    pass(await buildBinary(platform.target, { output: binaries, targetDirectory: CARGO, env: { ...rust.env, ...FAST }, args: rust.args, maxBytes: MAX_BYTES, show: false }));
    deliveries = deliveries.then(() => attempt(platform.name, () => packAndDeliver(platform.name, { directory, binaries, node })));
  });
}
await deliveries;
console.log(`\n${Math.round((performance.now() - started) / 1000)} s`);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;

function assertHost() {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Unavailable('needs Linux on x64');
}

/** Its types are those that the build of a binary has written. */
async function buildFacade(binaries) {
  copyFileSync(join(binaries, 'binding.d.ts'), join(ROOT, 'binding.d.ts'));
  await start('npm', ['run', '--silent', 'build:facade'], { env: process.env });
}

/** Packs the binary as it is published, and runs the delivery cases with the packages. */
async function packAndDeliver(name, { directory, binaries, node }) {
  facade ??= buildFacade(binaries);
  await facade;
  const [tarballs, application] = [join(directory, 'tarballs'), join(directory, 'application')];
  await start(process.execPath, ['scripts/pack.mjs', `--max-bytes=${MAX_BYTES}`, binaries, tarballs]);
  add(await deliver(name, { tarballs, application, node }));
}

function add({ passed, failed, skipped, output }) {
  console.log(output);
  counts.passed += passed;
  counts.failed += failed;
  counts.skipped += skipped;
}

/** Counts what goes wrong, and goes on. */
async function attempt(name, action) {
  try {
    await action();
  } catch (error) {
    const skipped = error instanceof Unavailable;
    counts[skipped ? 'skipped' : 'failed'] += 1;
    console.log(`${name}: ${skipped ? `skipped: ${error.message}` : error.message}`);
  }
}

function pass(line) {
  counts.passed += 1;
  console.log(line);
}
