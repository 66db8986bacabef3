// A fault at the start is told with its fix, and SIGTERM to npm ends the collector.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { TOKEN, runCollector, startCollector } from './support/collector.mjs';
import { collectorFor, duckdb, temporaryDirectory, test } from './support/test.mjs';

const env = { MASTRA_CLOUD_ACCESS_TOKEN: TOKEN };

test('a second collector: on a port that is taken, and on a file that is in use', async t => {
  const store = await duckdb(t);
  const first = await collectorFor(t, store);
  const { port } = new URL(first.url);
  const taken = await runCollector(['--port', port, ...(await duckdb(t))], env);
  assert.deepEqual([taken.code, taken.stderr], [1, `Port ${port} of 127.0.0.1 is taken: give another with --port, 0 takes a free one.\n`]);

  const second = await runCollector(['--port', '0', ...store], env);
  assert.equal(second.code, 1);
  assert.equal(second.stderr, `DuckDB file ${store[1]} is in use by process ${first.pid}: one collector at a time can have it open. `
    + 'End that one, give another file with --data, or keep the data in Postgres (--store postgres://...), which takes several collectors.\n');
  assert.equal((await first.request('/healthz')).status, 200);
});

test('a host that is not one of this machine is named with its fix', async t => {
  const { code, stderr } = await runCollector(
    ['--host', '203.0.113.7', '--port', '0', '--studio-token', 'studio', ...(await duckdb(t))], env);
  assert.equal(code, 1);
  assert.equal(stderr, '203.0.113.7 is not an address of this machine: give one with --host, 0.0.0.0 takes all.\n');
});

test('a missing directory is made; the address that is printed can be used from elsewhere', async t => {
  const path = join(await temporaryDirectory(t), 'not', 'there', 'traces.duckdb');
  const collector = await startCollector(['--data', path, '--host', '0.0.0.0', '--studio-token', 'studio']);
  t.after(() => collector.stop());
  assert.ok(existsSync(path));
  const own = Object.values(networkInterfaces()).flat().filter(({ internal }) => !internal).map(({ address }) => address);
  const { hostname } = new URL(collector.url);
  assert.ok([...own, '127.0.0.1'].includes(hostname), hostname);
  assert.ok(own.length === 0 || hostname !== '127.0.0.1');
  assert.equal((await collector.request('/healthz')).status, 200);
});

test('a Node that is too old is told so, before anything is loaded that it cannot read', async () => {
  const old = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "22.12.0" } })';
  const { code, stdout, stderr } = await runCollector(['--help'], {
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(old)}`,
  });
  assert.deepEqual([code, stdout, stderr], [1, '', 'The collector needs Node 22.13 or later; this is 22.12.0.\n']);
});

test('SIGTERM to `npm run collector` ends the collector, which gives back its port and its file', async t => {
  const store = await duckdb(t);
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const npm = spawn('npm', ['run', '--silent', 'collector', '--', '--port', '0', ...store], {
    cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  npm.stdout.setEncoding('utf8').on('data', text => { stdout += text; });
  while (!stdout.includes('In the app')) await once(npm.stdout, 'data');
  npm.kill('SIGTERM');
  // Its output ends when the last process that writes there has ended.
  await once(npm.stdout, 'end');
  assert.match(stdout, /SIGTERM: storing what has arrived/);
  const again = await startCollector(store);
  assert.equal(await again.stop(), 0);
});
