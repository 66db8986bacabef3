// The documents: their code compiles, their commands exist, their links lead somewhere.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DOCUMENTS, ROOT, anchors, codeBlocks, codeSpans, prose, read } from '../support/documents.mjs';
import { createProject } from '../support/mastra-0x.mjs';
import { typeErrors } from '../support/type-check.mjs';

const manifest = JSON.parse(read('package.json'));
const blocks = DOCUMENTS.filter((path) => path !== 'DESIGN.md').flatMap((path) => codeBlocks(path));
const of = (language, ...words) => blocks.filter((block) => block.language === language && String(block.words) === String(words));

/** Sources for the compiler in `directory`, each with the line numbers that it has in its document. */
function sources(chosen, directory) {
  const named = chosen.map(({ path, line, code }) => [join(directory, `${path}.${line}.mts`), '\n'.repeat(line - 1) + code]);
  return Object.fromEntries(named);
}

test('a block is in a language that is checked here', () => {
  // YAML is checked where it is run: monitoring.test.mjs.
  const checked = [...of('ts'), ...of('ts', 'mastra-0x'), ...of('sh'), ...of('json'), ...of('yaml')];
  const others = blocks.filter((block) => !checked.includes(block));
  assert.deepEqual(others.map(({ path, line, language, words }) => `${path}:${line} ${[language, ...words].join(' ')}`), []);
  assert.ok(of('ts').length > 0 && of('sh').length > 0);
});

test('TypeScript blocks compile against the package, strictly', () => {
  assert.deepEqual(typeErrors(sources(of('ts'), ROOT)), []);
});

describe('Mastra 0.x', () => {
  let project;
  before(() => { project = createProject(); });
  after(() => project.remove());
  test('its TypeScript blocks compile', () => {
    const chosen = of('ts', 'mastra-0x');
    assert.ok(chosen.length > 0);
    assert.deepEqual(typeErrors(sources(chosen, project.dir)), []);
  });
});

test('JSON blocks parse', () => {
  for (const { code } of of('json')) JSON.parse(code);
});

describe('shell commands', () => {
  /** Stands for the application of the reader. */
  const APPLICATION = 'app.mjs';
  const variables = read('docs/configuration.md');
  const lines = of('sh').flatMap(({ path, line, code }) => code.trimEnd().split('\n').map((text, i) => [`${path}:${line + i}`, text]));
  const commands = lines.flatMap(([at, text]) => text.replace(/(^| ) *#.*/, '').split(' && ').filter(Boolean).map((command) => [at, command]));

  /** Why the command would not work, as far as that can be told before the package is published. */
  function problem(command) {
    const [, settings, rest] = /^((?:[A-Z_]+=\S* )*)(.*)$/.exec(command);
    // Variables of our own Rust tests are read by the test that the command names.
    const ownTest = /^cargo test --test (\w+) /.exec(rest);
    if (ownTest) {
      const folder = `tests/${ownTest[1]}`;
      const names = existsSync(join(ROOT, folder)) ? readdirSync(join(ROOT, folder), { recursive: true }) : [];
      const source = names.filter((name) => name.endsWith('.rs')).map((name) => read(`${folder}/${name}`)).join('');
      return [...settings.matchAll(/([A-Z_]+)=/g)].every(([, name]) => source.includes(`"${name}"`)) && source ? undefined : `${folder} does not read ${settings}`;
    }
    const unknown = [...settings.matchAll(/([A-Z_]+)=/g)].find(([, name]) => !variables.includes(`\`${name}\``));
    if (unknown) return `${unknown[1]} is not in docs/configuration.md`;
    const [program, ...args] = rest.split(' ');
    const words = args.filter((arg) => !arg.startsWith('-'));
    if (program === 'npm') return npmProblem(args[0], words);
    if (program === 'cp') {
      const packed = words[0].replace(`node_modules/${manifest.name}/`, '');
      const isPacked = manifest.files.some((path) => packed.startsWith(`${path}/`)) && existsSync(join(ROOT, packed));
      return isPacked && words[1] === APPLICATION ? undefined : `the package has no ${packed}`;
    }
    if (['mkdir', 'du', 'find'].includes(program)) return undefined;
    // The collector's own tests install it so.
    if (program === 'npx') return args[0] === 'mastra-native-exporter-collector' ? undefined : 'another package';
    if (program === 'node' && args[0] === '-p') return spawnSync(rest, { cwd: ROOT, shell: true, encoding: 'utf8' }).stderr || undefined;
    const fuzzed = /^cargo fuzz run -s none (\w+) /.exec(rest);
    const mutated = /^cargo mutants -f (\S+)$/.exec(rest);
    const file = fuzzed ? `fuzz/fuzz_targets/${fuzzed[1]}.rs` : mutated ? mutated[1] : program === 'node' ? words[0] : program;
    return file === APPLICATION || existsSync(join(ROOT, file)) ? undefined : `there is no ${file}`;
  }

  // What `npm install NAME` gives is tested from the packed tarballs (__test__/packed).
  function npmProblem(command, [, ...words]) {
    if (command === 'install') return words.every((name) => name === manifest.name || name in manifest.peerDependencies) ? undefined : 'another package';
    if (command === 'run') return words[0] in manifest.scripts ? undefined : `there is no script ${words[0]}`;
    return ['ci', 'test', 'version'].includes(command) ? undefined : 'an unknown command of npm';
  }

  for (const [at, command] of commands) test(`${at} ${command}`, () => assert.equal(problem(command), undefined));
});

describe('links', () => {
  for (const path of DOCUMENTS) {
    test(path, () => {
      const links = [...prose(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link).filter((link) => !/^https?:/.test(link));
      const broken = links.filter((link) => {
        const [file, anchor] = link.split('#');
        const target = file === '' ? path : relative(ROOT, join(ROOT, dirname(path), file));
        return !existsSync(join(ROOT, target)) || (anchor !== undefined && !anchors(target).includes(anchor));
      });
      assert.deepEqual(broken, []);
    });
  }
});

test('files and folders that DESIGN.md and CONTRIBUTING.md name are there', () => {
  const missing = ['DESIGN.md', 'CONTRIBUTING.md'].flatMap((path) => codeSpans(prose(path)))
    .filter((span) => /^[\w.-]+\/[\w./-]*$/.test(span) && existsSync(join(ROOT, span.split('/')[0])))
    .filter((span) => !/^(dist|artifacts|target)\//.test(span) && !existsSync(join(ROOT, span)));
  assert.deepEqual(missing, []);
});

test('what the issue templates name is there, and the command that they ask for prints the binary', () => {
  const folder = '.github/ISSUE_TEMPLATE';
  const texts = readdirSync(join(ROOT, folder)).map((name) => read(`${folder}/${name}`));
  const paths = texts.flatMap((text) => text.match(/\b(docs|examples)\/[\w./-]+\.\w+/g) ?? []);
  assert.deepEqual(paths.filter((path) => !existsSync(join(ROOT, path))), []);
  const commands = texts.flatMap((text) => text.match(/\bnode -p "[^"]+"/g) ?? []);
  assert.ok(paths.length > 0 && commands.length > 0);
  for (const command of commands) {
    const { status, stdout, stderr } = spawnSync(command, { cwd: ROOT, shell: true, encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, ''], command);
    assert.match(stdout, /loaded: true/);
  }
});

test('CONTRIBUTING.md names every script, README.md what the package needs', () => {
  const missing = Object.keys(manifest.scripts).filter((name) => !read('CONTRIBUTING.md').includes(name === 'test' ? 'npm test' : `npm run ${name}`));
  assert.deepEqual(missing.filter((name) => name !== 'version'), []);
  const versions = Object.values({ ...manifest.engines, ...manifest.peerDependencies }).flatMap((range) => range.match(/(?:>=|\^)\d+(\.[1-9]\d*)*/g));
  for (const version of versions) assert.ok(read('README.md').includes(version.replace(/^\D+/, '')), version);
});

test('DESIGN.md and src/lib.rs explain the same words, in at most 15 lines', () => {
  const rows = (path, start) => read(path).split(/^.*# Words$/m)[1].trimStart().split('\n')
    .map((line) => line.replace(start, '')).filter((line) => line !== '').slice(2);
  const words = (path, start) => rows(path, start).slice(0, rows(path, start).findIndex((line) => !line.startsWith('|')));
  assert.deepEqual(words('src/lib.rs', /^\/\/! ?/), words('DESIGN.md', ''));
  assert.ok(words('DESIGN.md', '').length > 0 && words('DESIGN.md', '').length <= 15);
});
