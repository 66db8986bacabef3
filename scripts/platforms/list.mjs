// The platforms that have a package, and how far each is proven on a machine that is Linux on x64. `npm run
// test:platforms` does what stands here; the tables of README.md and CONTRIBUTING.md are held against it.

/**
 * @typedef {object} Platform
 * @property {string} name  of its package, after `mastra-native-exporter-`, as in npm/
 * @property {string} target  Rust's name
 * @property {'native' | 'emulated' | 'compiled'} proof  run by this machine, run by an emulator of its processor, or
 *   compiled without being linked
 */

/** @type {Platform[]} */
export const PLATFORMS = [
  // Built, tested and packed by the other steps of .ci/run.
  { name: 'linux-x64-gnu', target: 'x86_64-unknown-linux-gnu', proof: 'native' },
  { name: 'linux-x64-musl', target: 'x86_64-unknown-linux-musl', proof: 'native' },
  { name: 'linux-arm64-gnu', target: 'aarch64-unknown-linux-gnu', proof: 'emulated' },
  { name: 'linux-arm64-musl', target: 'aarch64-unknown-linux-musl', proof: 'emulated' },
  { name: 'win32-x64-msvc', target: 'x86_64-pc-windows-msvc', proof: 'compiled' },
  { name: 'win32-arm64-msvc', target: 'aarch64-pc-windows-msvc', proof: 'compiled' },
  { name: 'darwin-x64', target: 'x86_64-apple-darwin', proof: 'compiled' },
  { name: 'darwin-arm64', target: 'aarch64-apple-darwin', proof: 'compiled' },
];

/** @param {string} target @returns {Platform} @throws {Error} if there is no package for it */
export function platformOf(target) {
  const found = PLATFORMS.find((platform) => platform.target === target);
  if (found === undefined) throw new Error(`no package for ${target}; there is one for ${PLATFORMS.map((platform) => platform.target).join(', ')}`);
  return found;
}
