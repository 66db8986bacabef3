// `npm run collector`: the collector of collector/, installed on first use.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { node22 } from './node22.mjs';
import { ROOT, run } from './run.mjs';

const PACKAGE = join(ROOT, 'collector');

/** Installs what the collector needs, once, and says so. */
export function installCollector() {
  if (existsSync(join(PACKAGE, 'node_modules', '.package-lock.json'))) return;
  console.error('Installing the collector in collector/ (a few hundred megabytes, once)');
  run('npm', ['ci', '--silent'], { cwd: PACKAGE });
}

/**
 * @param {string[]} args  of its command line
 * @param {import('node:child_process').SpawnOptions} options
 * @throws {Error} if there is no Node for it, or it cannot be installed
 */
export function spawnCollector(args, options) {
  const node = node22();
  if (node === undefined) throw new Error(`The collector needs Node 22.13 or later; this is ${process.versions.node}.`);
  installCollector();
  return spawn(node, [join(PACKAGE, 'bin', 'collector.mjs'), ...args], options);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const collector = spawnCollector(process.argv.slice(2), { stdio: 'inherit' });
  // A signal to this process is meant for the collector.
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => collector.kill(signal));
  // npm starts this process through a shell. npm passes a signal to that shell, which ends without passing it on.
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event) {
    setInterval(() => { if (process.ppid !== parent) collector.kill('SIGTERM'); }, 200).unref();
  }
  collector.on('exit', code => { process.exitCode = code ?? 1; });
}
