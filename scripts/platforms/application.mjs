// An application with the packages as they are published, for the delivery cases.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from '../run.mjs';

/**
 * Unpacks tarballs into the `node_modules` of a new application. It lies below the repository: what the packages depend
 * on, Mastra's among it, is what is installed there.
 * @param {string} tarballs  directory
 * @param {string} directory  of the application, made anew
 */
export function makeApplication(tarballs, directory) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{ "name": "application", "private": true }\n');
  for (const tarball of readdirSync(tarballs).filter((name) => name.endsWith('.tgz'))) {
    const target = join(directory, 'node_modules', tarball.replace(/-\d+\.\d+\.\d+.*\.tgz$/, ''));
    mkdirSync(target, { recursive: true });
    // Relative: before a colon GNU's tar, which bash on Windows finds first, expects a host.
    run('tar', ['-xzf', relative(target, join(tarballs, tarball)).replaceAll('\\', '/'), '--strip-components=1'], { cwd: target });
  }
}
