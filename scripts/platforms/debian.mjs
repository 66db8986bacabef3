// Packages of Debian, also of another release or processor than this machine's, unpacked in target/ and not installed.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from '../run.mjs';

const CACHE = join(ROOT, 'target', 'platforms', 'debian');
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const CONFIG = join(CACHE, 'apt.conf');

/** What this machine lacks to prove a platform; a reason to skip it, not to fail. */
export class Unavailable extends Error {}

/**
 * Unpacks packages, once for each list.
 * @param {string} name  of the directory below target/platforms/debian
 * @param {string[]} packages  as `apt-get download` takes them: `NAME[:ARCH]/RELEASE`
 * @returns {string} the directory, with `usr/` and so on in it
 * @throws {Unavailable} if this is no Debian
 */
export function unpack(name, packages) {
  const directory = join(CACHE, name);
  const wanted = packages.join('\n');
  const stamp = join(directory, 'unpacked.txt');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return directory;
  updateLists();
  rmSync(directory, { recursive: true, force: true });
  const downloads = join(directory, 'downloads');
  mkdirSync(downloads, { recursive: true });
  apt(['download', ...packages], downloads);
  for (const file of readdirSync(downloads)) run('dpkg-deb', ['--extract', join(downloads, file), directory]);
  rmSync(downloads, { recursive: true });
  writeFileSync(stamp, wanted);
  return directory;
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

function apt(args, cwd) {
  run('apt-get', args, { cwd, stdio: 'pipe', env: { ...process.env, APT_CONFIG: CONFIG } });
}
