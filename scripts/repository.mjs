// `npm run repository -- URL` writes the address of the repository into every manifest. Until then the manifests hold a
// placeholder, and `npm run pack -- --release` fails.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './run.mjs';

const PLACEHOLDER = 'https://github.com/OWNER/mastra-native-exporter';
const KEYWORDS = ['mastra', 'observability', 'telemetry', 'tracing', 'exporter', 'ai', 'agents', 'native', 'rust', 'napi'];

/** The address that a manifest names, without `git+` and `.git`. */
export function repositoryOf({ repository }) {
  return repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
}

/** @throws Error while the address is the placeholder: npm refuses such a package, and its links lead nowhere. */
export function assertPublishable(manifest) {
  if (repositoryOf(manifest) !== PLACEHOLDER) return;
  throw new Error(`${manifest.name} names the placeholder ${PLACEHOLDER}: npm run repository -- https://github.com/OWNER/NAME`);
}

/**
 * The text of a document in a package: links to files that the package does not hold go to the repository.
 *
 * @param {string} markdown
 * @param {{ url: string, version: string, from: string, isPacked: (path: string) => boolean }} options `from`: the folder
 * of the document; `isPacked`: whether the package holds the file that a link names.
 */
export function withRepositoryLinks(markdown, { url, version, from, isPacked }) {
  const link = (before, path, after) => {
    const [file] = path.split('#');
    if (/^(https?:|#)/.test(path) || isPacked(file)) return before + path + after;
    // Images need the file itself, not the page about it.
    const base = before.startsWith('!') ? `${url}/raw/v${version}` : `${url}/blob/v${version}`;
    return `${before}${base}/${posix.join(from, path)}${after}`;
  };
  return markdown.replace(/(!?\[[^\]]*\]\()([^)\s]+)(\))/g, (_, before, path, after) => link(before, path, after));
}

function main() {
  const [url = PLACEHOLDER] = process.argv.slice(2);
  if (!/^https:\/\/[^/]+\/[^/]+\/[^/]+$/.test(url)) throw new Error(`the address has to be https://HOST/OWNER/NAME, got ${url}`);
  const paths = ['.', 'collector', ...readdirSync(join(ROOT, 'npm')).map((name) => `npm/${name}`)];
  for (const path of paths) {
    const file = join(ROOT, path, 'package.json');
    const { name, version, description, keywords: _keywords, homepage: _homepage, bugs: _bugs, repository: _repository, ...rest } = JSON.parse(readFileSync(file, 'utf8'));
    const repository = { type: 'git', url: `git+${url}.git`, ...(path === '.' ? {} : { directory: path }) };
    const manifest = { name, version, description, keywords: KEYWORDS, homepage: `${url}#readme`, bugs: { url: `${url}/issues` }, repository, ...rest };
    writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
