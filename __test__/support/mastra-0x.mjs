// A project with @mastra/core 0.24.9 and this package, and without @mastra/observability.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FIXTURE = join(ROOT, '__test__/fixtures/mastra-0x');

// The project's 400 packages are installed on first use, by the committed lock file, and kept in node_modules/.cache.
function installed() {
  const lock = readFileSync(join(FIXTURE, 'package-lock.json'));
  const kept = join(ROOT, 'node_modules/.cache', `mastra-0x-${createHash('sha256').update(lock).digest('hex').slice(0, 16)}`);
  if (existsSync(kept)) return kept;
  mkdirSync(dirname(kept), { recursive: true });
  const staging = mkdtempSync(join(dirname(kept), 'staging-'));
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(FIXTURE, name), join(staging, name));
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: staging, stdio: 'pipe', shell: process.platform === 'win32' });
  try {
    renameSync(staging, kept);
  } catch (error) {
    rmSync(staging, { recursive: true });
    if (!existsSync(kept)) throw error; // if it exists, another test file has installed it meanwhile
  }
  return kept;
}

/**
 * The project is outside of the repository, so that it does not find the repository's node_modules. The package is a copy,
 * because Node would follow a link back into the repository.
 * @returns its folder, and `load(specifier)` to import as its code does
 */
export function createProject() {
  const dir = mkdtempSync(join(tmpdir(), 'mastra-0x-'));
  const modules = join(installed(), 'node_modules');
  const own = join(dir, 'node_modules');
  const copy = join(own, 'mastra-native-exporter');
  mkdirSync(copy, { recursive: true });
  for (const name of readdirSync(modules)) symlinkSync(join(modules, name), join(own, name), 'junction');
  const published = /^(package\.json|dist|.*\.d\.ts|.*\.node)$/;
  for (const name of readdirSync(ROOT).filter((name) => published.test(name))) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  cpSync(FIXTURE, dir, { recursive: true });
  return {
    dir,
    load: (name) => import(pathToFileURL(join(dir, name))),
    remove: () => rmSync(dir, { recursive: true }),
  };
}
