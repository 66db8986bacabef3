// `node scripts/release/publish.mjs [--dry-run] [DIRECTORY]`: publishes the tarballs of a directory, artifacts/ by default,
// and the collector to npm. What is already published in its version is passed over: a run that broke off can be repeated. The main package comes after
// those of the platforms: at no time does it refer to a package that does not exist.
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { PLATFORMS } from '../platforms/list.mjs';
import { ROOT, run, start } from '../run.mjs';

const { values, positionals } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false } }, allowPositionals: true });
const DRY_RUN = values['dry-run'];
const ARTIFACTS = resolve(positionals[0] ?? join(ROOT, 'artifacts'));
const { name: MAIN, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const COLLECTOR = JSON.parse(readFileSync(join(ROOT, 'collector', 'package.json'), 'utf8'));

const packages = [
  ...PLATFORMS.map((platform) => `${MAIN}-${platform.name}`).concat(MAIN).map((name) => ({ name, path: join(ARTIFACTS, `${name}-${version}.tgz`) })),
  { name: COLLECTOR.name, path: join(ROOT, 'collector') },
];
const { GITHUB_REF_TYPE, GITHUB_REF_NAME, GITHUB_ACTIONS } = process.env;
if (GITHUB_REF_TYPE === 'tag' && GITHUB_REF_NAME !== `v${version}`) {
  throw new Error(`the tag is ${GITHUB_REF_NAME}, the version ${version}`);
}
if (COLLECTOR.version !== version) throw new Error(`the collector is ${COLLECTOR.version}, not ${version}: use npm version`);
const present = readdirSync(ARTIFACTS);
const missing = packages.filter(({ name, path }) => path.endsWith('.tgz') && !present.includes(`${name}-${version}.tgz`));
if (missing.length > 0) throw new Error(`not in ${ARTIFACTS}: ${missing.map(({ name }) => `${name}-${version}.tgz`).join(', ')}`);

for (const { name, path } of packages) {
  if (await isPublished(name)) {
    console.log(`${name}@${version} is published already`);
    continue;
  }
  // Provenance is what only a workflow can give.
  const options = [...(GITHUB_ACTIONS && !DRY_RUN ? ['--provenance'] : []), ...(DRY_RUN ? ['--dry-run'] : [])];
  run('npm', ['publish', '--access', 'public', '--loglevel=error', ...options, path]);
  console.log(`${name}@${version} ${DRY_RUN ? 'would be published' : 'published'}`);
}

/** @throws {Error} if the registry does not say */
async function isPublished(name) {
  const { code, output } = await start('npm', ['view', `${name}@${version}`, 'version', '--json'], { env: process.env, mayFail: true });
  // The package exists without this version: nothing is printed, or 404, by the version of npm.
  if (code === 0) return output.includes(version);
  if (/\bE404\b/.test(output)) return false;
  throw new Error(`npm view ${name}@${version} ended with ${code}\n${output}`);
}
