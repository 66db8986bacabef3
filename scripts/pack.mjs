// `npm run pack` puts the packages that are published into artifacts/: the tarball of the main package, and one for each
// platform whose binary is in the repository. That is this machine's platform, and all platforms in the release workflow.
// Each binary is checked. `node scripts/pack.mjs BINARIES TARBALLS` reads the binaries from one directory and writes the
// tarballs into another. With `--release` it fails for packages that must not be published. `--max-bytes` is the limit of
// size for binaries that are only tested.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkBinary } from './binaries/check.mjs';
import { assertPublishable, repositoryOf, withRepositoryLinks } from './repository.mjs';
import { ROOT, run } from './run.mjs';

const { values, positionals } = parseArgs({ options: { release: { type: 'boolean', default: false }, 'max-bytes': { type: 'string' } }, allowPositionals: true });
const [BINARIES, ARTIFACTS] = [resolve(positionals[0] ?? ROOT), resolve(positionals[1] ?? join(ROOT, 'artifacts'))];
const NPM = join(ROOT, 'npm');

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
const manifest = readJson(join(ROOT, 'package.json'));
const platforms = readdirSync(NPM)
  .map((name) => join(NPM, name))
  .map((directory) => ({ directory, ...readJson(join(directory, 'package.json')) }));

if (values.release) [manifest, ...platforms, readJson(join(ROOT, 'collector', 'package.json'))].forEach(assertPublishable);
rmSync(ARTIFACTS, { recursive: true, force: true });
mkdirSync(ARTIFACTS, { recursive: true });
packMain();
const built = platforms.filter(({ main }) => existsSync(join(BINARIES, main)));
if (built.length === 0) throw new Error(`there is no binary in ${BINARIES}: use npm run build:portable`);
built.forEach(packPlatform);

/**
 * The manifest of the main package: that of the repository, without the fields that only the repository needs, and with
 * the platform packages as dependencies. In the repository's manifest they would make `npm ci` fail, because they do not
 * exist before a release.
 */
function packMain() {
  const { scripts, devDependencies, overrides, napi, ...published } = manifest;
  const optionalDependencies = Object.fromEntries(platforms.map(({ name, version }) => [name, version]));
  pack((directory) => {
    for (const path of [...manifest.files, 'LICENSE']) cpSync(join(ROOT, path), join(directory, path), { recursive: true });
    for (const path of ['README.md', ...readdirSync(join(directory, 'docs')).map((name) => `docs/${name}`)]) {
      const text = readFileSync(join(ROOT, path), 'utf8');
      const isPacked = (link) => existsSync(join(directory, dirname(path), link));
      const url = repositoryOf(manifest);
      writeFileSync(join(directory, path), withRepositoryLinks(text, { url, version: manifest.version, from: dirname(path), isPacked }));
    }
    const text = JSON.stringify({ ...published, optionalDependencies }, null, 2);
    writeFileSync(join(directory, 'package.json'), `${text}\n`);
  });
}

function packPlatform({ directory: source, name, version, main }) {
  if (version !== manifest.version) throw new Error(`${name} is ${version}, not ${manifest.version}: use npm version`);
  const maxBytes = values['max-bytes'] === undefined ? undefined : Number(values['max-bytes']);
  console.log(checkBinary(join(BINARIES, main), basename(source), maxBytes));
  pack((directory) => {
    cpSync(source, directory, { recursive: true });
    cpSync(join(BINARIES, main), join(directory, main));
    cpSync(join(ROOT, 'LICENSE'), join(directory, 'LICENSE'));
  });
}

/** Packs what `fill` puts into an empty directory. */
function pack(fill) {
  const directory = mkdtempSync(join(tmpdir(), 'pack-'));
  try {
    fill(directory);
    run('npm', ['pack', '--silent', '--pack-destination', ARTIFACTS], { cwd: directory });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
