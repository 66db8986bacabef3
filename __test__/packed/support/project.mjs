// Makes an application's project with the tarballs of artifacts/, and checks that its telemetry arrives.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCollector } from '../../../examples/demo/collector.mjs';
import { runCommand } from '../../support/child.mjs';
import { PNPM } from './tools.mjs';

const ARTIFACTS = fileURLToPath(new URL('../../../artifacts/', import.meta.url));
const INSTALL_MS = 300_000;
const { devDependencies } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

/** The peers, in the versions that this repository is developed with. */
const PEERS = Object.fromEntries(
  ['@mastra/core', '@mastra/observability', 'zod'].map((name) => [name, devDependencies[name]]),
);
/** The tarballs by the name of their package; of platforms there is this machine's. */
export const TARBALLS = Object.fromEntries(
  readdirSync(ARTIFACTS).map((file) => [file.replace(/-\d+\.\d+\.\d+.*\.tgz$/, ''), join(ARTIFACTS, file)]),
);
const files = Object.fromEntries(Object.entries(TARBALLS).map(([name, path]) => [name, `file:${path}`]));
const { 'mastra-native-exporter': main, ...platforms } = files;

/** Package managers: what is in their manifest, and the command that installs. */
const MANAGERS = {
  npm: {
    manifest: (dependencies) => ({ dependencies: { ...dependencies, ...files } }),
    command: ['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error'],
  },
  // It links only what a package declares: the binary comes as the dependency of the main package, as from a registry.
  pnpm: {
    manifest: (dependencies) => ({
      dependencies: { ...dependencies, 'mastra-native-exporter': main },
      pnpm: { overrides: platforms },
    }),
    command: [process.execPath, PNPM, 'install', '--no-frozen-lockfile', '--reporter=append-only'],
  },
};

/** The text of a file in `fixtures/`. */
export function fixture(name) {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
}

/** The text of a file in `examples/`. */
export function example(name) {
  return readFileSync(new URL(`../../../examples/${name}`, import.meta.url), 'utf8');
}

/**
 * Installs the tarballs, the peers and `dependencies` (exact versions by name; they win over the peers) in a new
 * directory. `files` are texts by path.
 * @returns `run` runs a command there and answers { code, signal, stdout, stderr }
 */
export async function makeProject({ dependencies = {}, files = {}, manager = 'npm' } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'packed-'));
  const { manifest, command } = MANAGERS[manager];
  const put = (path, text) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  // Node marks child processes of a test run by a variable. Programs of the project are not part of this test run.
  const outside = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const run = ([program, ...args], env = {}, killAfterMs = undefined) =>
    runCommand(program, args, { cwd: directory, env: { ...outside, ...env }, killAfterMs, withDescendants: true });
  put('package.json', JSON.stringify({ name: 'application', private: true, ...manifest({ ...PEERS, ...dependencies }) }));
  for (const [path, text] of Object.entries(files)) put(path, text);
  const { code, stdout, stderr } = await run(command, {}, INSTALL_MS);
  assert.equal(code, 0, `${command.join(' ')}\n${stdout}${stderr}`);
  return { directory, put, run, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/**
 * Asserts that a command of the project ends well, and that exactly the spans `ids`, or those with `names`, arrive. The
 * command gets {@link settings}, with which only the native exporter delivers. Returns what the command printed.
 */
export async function assertDelivers(project, command, { ids = ['span'], names, env = {}, killAfterMs } = {}) {
  const collector = await startCollector();
  try {
    const { code, signal, stdout, stderr } = await project.run(command, { ...settings(collector), ...env }, killAfterMs);
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, stdout + stderr);
    const [field, expected] = names ? ['name', names] : ['id', ids];
    const arrived = collector.records('spans').map((span) => span[field]);
    assert.deepEqual(arrived.sort(), [...expected].sort(), stdout + stderr);
    return stdout + stderr;
  } finally {
    await collector.close();
  }
}

/** The environment of an application that sends to the collector, natively or not at all. */
export function settings({ url }) {
  return {
    URL: url,
    MASTRA_CLOUD_ACCESS_TOKEN: 't',
    MASTRA_CLOUD_TRACES_ENDPOINT: url,
    MASTRA_NATIVE_EXPORTER: 'require',
    MASTRA_TELEMETRY_DISABLED: '1',
  };
}
