// Installed as a user would: from the tarball, by the steps of the Dockerfile, and as the unit and the compose file say.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parseOptions } from '../src/options.mjs';
import { duckdb, temporaryDirectory, test } from './support/test.mjs';
import { span } from './support/wire.mjs';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const read = file => readFileSync(join(PACKAGE, file), 'utf8');
const npm = (args, cwd) => execFileSync('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], { cwd, encoding: 'utf8' });
const tokens = { MASTRA_CLOUD_ACCESS_TOKEN: 'exporters', MASTRA_COLLECTOR_STUDIO_TOKEN: 'studio' };

/** Starts what a user has installed, stores a span, and looks for it. */
async function works(t, command, args, options) {
  // npx takes the first Node of the path, which need not be this one.
  const PATH = `${dirname(process.execPath)}:${process.env.PATH}`;
  const env = { PATH, HOME: process.env.HOME, ...tokens };
  const child = spawn(command, args, { ...options, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  t.after(() => child.kill('SIGKILL'));
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', text => { stdout += text; });
  while (!stdout.includes('In the app')) {
    const [text] = await Promise.race([once(child.stdout, 'data'), closed.then(() => [undefined])]);
    assert.notEqual(text, undefined, 'it has ended');
  }
  const url = /^Mastra Studio +(http:\S+)\/traces$/m.exec(stdout)?.[1];
  const root = span();
  const stored = await fetch(`${url}/ai/spans/publish`, {
    method: 'POST', headers: { authorization: 'Bearer exporters' }, body: JSON.stringify({ spans: [root] }),
  });
  assert.deepEqual(await stored.json(), { stored: 1, unsupported: 0, refused: 0 });
  const headers = { authorization: 'Bearer studio' };
  assert.equal((await (await fetch(`${url}/api/observability/traces/${root.traceId}`, { headers })).json()).spans.length, 1);
  assert.match(await (await fetch(`${url}/traces`, { headers: { ...headers, accept: 'text/html' } })).text(), /Mastra Studio/);
  return { child, closed, url };
}

test('npx runs it from its tarball, without what only its tests need, and SIGTERM to npx ends it', async t => {
  const directory = await temporaryDirectory(t);
  const [{ filename, files }] = JSON.parse(npm(['pack', '--json', '--pack-destination', directory], PACKAGE));
  const outside = files.map(({ path }) => path).filter(path => !/^(bin|src|docs|deploy)\/|^(LICENSE|README\.md|package\.json|Dockerfile)$/.test(path));
  assert.deepEqual(outside, []);
  const inside = files.map(({ path }) => path);
  for (const file of ['Dockerfile', 'deploy/compose.yaml', 'deploy/mastra-collector.service', 'docs/list.png', 'docs/timeline.png']) {
    assert.ok(inside.includes(file) && read('README.md').includes(file), file);
  }
  writeFileSync(join(directory, 'package.json'), '{ "private": true }');
  npm(['install', join(directory, filename)], directory);
  for (const name of ['playwright-core', '@types/pg']) assert.ok(!existsSync(join(directory, 'node_modules', name)), name);

  const [, data] = await duckdb(t);
  const args = ['--no-install', 'mastra-native-exporter-collector', '--port', '0', '--data', data];
  const { child, closed } = await works(t, 'npx', args, { cwd: directory });
  child.kill('SIGTERM');
  // Its output ends when the last process that writes there has ended.
  await closed;
});

test("the Dockerfile's steps, as its user, with its health check", async t => {
  const lines = read('Dockerfile').replace(/\\\n/g, '').split('\n').filter(line => /^[A-Z]+ /.test(line));
  const of = word => lines.filter(line => line.startsWith(`${word} `)).map(line => line.slice(word.length + 1).trim());
  assert.match(of('FROM')[0], /^node:22-/);
  assert.deepEqual([of('USER'), of('VOLUME'), of('EXPOSE'), of('STOPSIGNAL')], [['node'], ['/data'], ['4112'], ['SIGTERM']]);
  assert.ok(lines.indexOf('USER node') < lines.findIndex(line => line.startsWith('ENTRYPOINT')));

  const app = await temporaryDirectory(t);
  const [{ files }] = JSON.parse(npm(['pack', '--json', '--dry-run'], PACKAGE));
  const packed = new Set(files.map(({ path }) => path.split('/')[0]));
  for (const copied of of('COPY')) {
    const [target, ...sources] = copied.split(/\s+/).reverse();
    for (const source of sources) {
      // A star is for a file that may be missing.
      assert.ok(packed.has(source) || source.endsWith('*'), `${source} is in the package from npm`);
      const name = source.replace('*', '');
      cpSync(join(PACKAGE, name), join(app, target === './' ? name : target), { recursive: true });
    }
  }
  const [install] = of('RUN')[0].split(' && ');
  assert.match(install, /^npm install --omit=dev/);
  npm(install.split(' ').slice(1), app);
  for (const name of ['playwright-core', '@types/pg']) assert.ok(!existsSync(join(app, 'node_modules', name)), name);

  const entry = JSON.parse(of('ENTRYPOINT')[0]);
  const command = JSON.parse(of('CMD')[0]);
  const options = parseOptions([...entry.slice(2), ...command], tokens);
  assert.deepEqual([options?.host, options?.port, options?.store], ['0.0.0.0', 4112, 'file:/data/traces.duckdb']);
  const data = join(app, 'data');
  mkdirSync(data);
  const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  if (user.uid) execFileSync('chown', ['-R', '65534:65534', app]);
  const args = [...entry.slice(1), ...command].map(argument => argument.replace('4112', '0').replace('/data', data));
  const { child, closed, url } = await works(t, process.execPath, args, { cwd: app, ...user });
  const [, check] = /CMD (\[.*\])$/.exec(of('HEALTHCHECK')[0]) ?? [];
  const [, ...checkArgs] = JSON.parse(check);
  const healthy = () => spawnSync(process.execPath, checkArgs.map(argument => argument.replace('http://127.0.0.1:4112', url))).status;
  assert.equal(healthy(), 0);
  child.kill(of('STOPSIGNAL')[0]);
  assert.deepEqual(await closed, [0, null]);
  assert.equal(healthy(), 1);
});

test('the unit and the compose file give it options and tokens that it takes', t => {
  const unit = read('deploy/mastra-collector.service');
  const [, started] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
  const [node, bin, ...args] = started.split(' ');
  assert.equal(node, '/usr/bin/node');
  assert.ok(bin.endsWith('/mastra-native-exporter-collector/bin/collector.mjs') && existsSync(join(PACKAGE, 'bin', 'collector.mjs')));
  assert.equal(parseOptions(args, tokens)?.store, 'file:/var/lib/mastra-collector/traces.duckdb');
  // A user and a directory of its own, and tokens in no place but their file.
  for (const line of ['DynamicUser=yes', 'StateDirectory=mastra-collector', 'StateDirectoryMode=0700', 'EnvironmentFile=/etc/mastra-collector.env']) {
    assert.ok(unit.split('\n').includes(line), line);
  }
  assert.doesNotMatch(unit, /^(Environment|ExecStart)=.*(TOKEN|token)/m);
  const verify = spawnSync('systemd-analyze', ['verify', '--man=no', join(PACKAGE, 'deploy', 'mastra-collector.service')], { encoding: 'utf8' });
  if (verify.error) t.diagnostic('systemd is not installed: the unit is not verified by it');
  else assert.doesNotMatch(verify.stderr, /Unknown|Invalid|Failed to parse/i);

  const compose = read('deploy/compose.yaml');
  const command = JSON.parse(/command: (\[.*\])/.exec(compose)?.[1] ?? '');
  assert.match(parseOptions([...JSON.parse(/ENTRYPOINT (.*)/.exec(read('Dockerfile'))?.[1] ?? '').slice(2), ...command], tokens)?.store ?? '', /^postgres:/);
  for (const name of [...Object.keys(tokens), 'POSTGRES_PASSWORD']) assert.ok(compose.includes(`\${${name}:?}`), `${name} has no default`);
  assert.ok(!/(PASSWORD|TOKEN): +[^$\s]/.test(compose), 'no secret stands in it');
  assert.deepEqual(readdirSync(join(PACKAGE, 'deploy')).sort(), ['compose.yaml', 'mastra-collector.service']);
});
