// Packages of Debian, also of another release or processor than this machine's, unpacked in target/ and not installed.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from '../run.mjs';
import { Unavailable, download } from './download.mjs';

const CACHE = join(ROOT, 'target', 'platforms', 'debian');
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const CONFIG = join(CACHE, 'apt.conf');

/**
 * Unpacks packages, once for each list.
 * @param {string} name  of the directory below target/platforms/debian
 * @param {string[]} packages  as `apt-get download` takes them: `NAME[:ARCH]/RELEASE`
 * @param {{ pattern: RegExp, release: string }} [follow]  what they depend on is unpacked too, where its name is like this:
 *   a name with a version in it, which changes with every update
 * @returns {string} the directory, with `usr/` and so on in it
 * @throws {Unavailable} if this is no Debian, or its mirrors do not have them
 */
export function unpack(name, packages, follow) {
  const directory = join(CACHE, name);
  const wanted = packages.join('\n');
  const stamp = join(directory, 'unpacked.txt');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return directory;
  updateLists();
  rmSync(directory, { recursive: true, force: true });
  const downloads = join(directory, 'downloads');
  mkdirSync(downloads, { recursive: true });
  const known = new Set(packages);
  for (let missing = packages; missing.length > 0;) {
    apt(['download', ...missing], downloads);
    missing = follow === undefined ? [] : dependencies(downloads, follow).filter((found) => !known.has(found));
    for (const found of missing) known.add(found);
  }
  for (const file of readdirSync(downloads)) run('dpkg-deb', ['--extract', join(downloads, file), directory]);
  rmSync(downloads, { recursive: true });
  writeFileSync(stamp, wanted);
  return directory;
}

/** What the packages of a directory depend on, each once, as far as it is to be followed. */
function dependencies(directory, { pattern, release }) {
  const fields = readdirSync(directory).map((file) => run('dpkg-deb', ['--field', join(directory, file), 'Depends'], { stdio: 'pipe' }));
  const names = fields.join().split(/[,|]/).map((text) => text.trim().split(' ')[0]).filter((found) => pattern.test(found));
  return [...new Set(names)].map((found) => `${found}/${release}`);
}

let updated = false;

/** Once a run. Lists of its own: those of the machine stay as they are. */
function updateLists() {
  if (updated) return;
  if (!existsSync(KEYRING)) throw new Unavailable('needs Debian, with its archive keyring');
  for (const path of ['lists/partial', 'archives/partial']) mkdirSync(join(CACHE, path), { recursive: true });
  writeFileSync(join(CACHE, 'status'), '');
  writeFileSync(join(CACHE, 'sources.list'), sources());
  writeFileSync(CONFIG, `
Dir::State "${CACHE}";
Dir::State::status "${CACHE}/status";
Dir::Cache "${CACHE}/archives";
Dir::Etc::sourcelist "${CACHE}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Architectures { "amd64"; "arm64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
`);
  apt(['update', '--quiet=2'], CACHE);
  updated = true;
}

/** The mirrors of this machine, asked for the releases that are needed. */
function sources() {
  const text = run('apt-get', ['indextargets', '--format', '$(CODENAME) $(SITE)', 'Created-By: Packages', 'Component: main'], { stdio: 'pipe' });
  const sites = text.trim().split('\n').map((line) => line.split(' '));
  const main = sites.find(([codename, site]) => /^[a-z]+$/.test(codename) && site.endsWith('/debian'))?.[1];
  const security = sites.find(([codename]) => codename.endsWith('-security'))?.[1];
  if (main === undefined || security === undefined) throw new Unavailable('needs Debian, with its security releases');
  return [[main, 'bookworm'], [main, 'trixie'], [security, 'bookworm-security']]
    .map(([site, release]) => `deb [signed-by=${KEYRING} arch=amd64,arm64] ${site} ${release} main\n`).join('');
}

/** Containers of Debian turn apt's cache of its lists off, in a file that wins over this one: seconds a call. */
function apt(args, cwd) {
  const caches = ['pkgcache', 'srcpkgcache'].flatMap((name) => ['--option', `Dir::Cache::${name}=${name}.bin`]);
  download('apt-get', [...caches, ...args], { cwd, env: { ...process.env, APT_CONFIG: CONFIG } });
}
