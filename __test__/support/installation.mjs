// Installs the package as npm would, in a directory of its own, with a binary that the test chooses.
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { nativeBinding } from 'mastra-native-exporter';
import { runScript } from './child.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The platform's package here, such as `mastra-native-exporter-linux-x64-gnu`. */
export const PLATFORM_PACKAGE = basename(nativeBinding.path, '.node').replace('.', '-');
export const BINARY = nativeBinding.path;

/**
 * `binary` is what the platform's package holds: { copy: a file }, { text } of a file with the name of a binary, or
 * { module: CommonJS code }; without it the package is missing. `files` are the application's, by path.
 */
export function makeInstallation({ binary, files = {} }) {
  const directory = mkdtempSync(join(tmpdir(), 'installation-'));
  const modules = join(directory, 'node_modules');
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const own = join(modules, 'mastra-native-exporter');
  mkdirSync(own, { recursive: true });
  for (const path of ['package.json', 'dist']) cpSync(join(root, path), join(own, path), { recursive: true });
  for (const name of Object.keys(manifest.peerDependencies)) {
    mkdirSync(join(modules, name, '..'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
  if (binary) putBinary(join(modules, PLATFORM_PACKAGE), binary);
  for (const [path, text] of Object.entries(files)) writeFileSync(join(directory, path), text);
  return {
    directory,
    run: (file, env, nodeArgs) => runScript(join(directory, file), env, nodeArgs),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function putBinary(directory, { copy, text, module }) {
  const main = module === undefined ? 'exporter.node' : 'exporter.js';
  mkdirSync(directory);
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name: PLATFORM_PACKAGE, version: '0.1.0', main }));
  if (copy) copyFileSync(copy, join(directory, main));
  else writeFileSync(join(directory, main), text ?? module);
}
