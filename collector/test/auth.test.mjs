// The rights of each token.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';

import { TOKEN, runCollector, startCollector } from './support/collector.mjs';
import { collectorFor, duckdb, temporaryDirectory, test, testOnPostgres } from './support/test.mjs';
import { span } from './support/wire.mjs';

const basic = password => ({ authorization: `Basic ${Buffer.from(`me:${password}`).toString('base64')}` });
const bearer = token => ({ authorization: `Bearer ${token}` });
const STUDIO_TOKEN = 'studio-token-of-the-tests';
const LIST = '/api/observability/traces/light';
const DELETE = '/api/observability/traces/delete';

/** fetch sets the headers `host` and `origin` itself. @returns {Promise<number>} the status */
function status(url, path, headers, method = 'GET') {
  return new Promise((resolve, reject) => {
    httpRequest(new URL(path, url), { method, headers }, response => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject).end();
  });
}

test('beyond loopback it does not start without both tokens', async () => {
  const { code, stderr } = await runCollector(['--host', '0.0.0.0', '--port', '0', '--data', ':memory:']);
  assert.equal(code, 2);
  assert.match(stderr, /--host 0\.0\.0\.0 can be reached by other machines: give --token .* and --studio-token/);
});

test('beyond loopback each token opens its own: one publishes, the other reads and deletes', async t => {
  const collector = await collectorFor(t, ['--host', '0.0.0.0', '--studio-token', STUDIO_TOKEN, ...(await duckdb(t))]);
  const { url } = collector;
  for (const path of ['/', '/traces', LIST, '/assets/x.js', '/health', '/refresh-events', '/api', '/nowhere', '/collector/collector.mjs']) {
    assert.equal(await status(url, path, {}), 401, path);
    for (const token of ['wrong', TOKEN]) {
      assert.equal(await status(url, path, basic(token)), 401, path);
      assert.equal(await status(url, path, bearer(token)), 401, path);
    }
  }
  const root = span();
  await collector.publish('spans', [root]);
  const publish = headers => fetch(`${url}/ai/spans/publish`, { method: 'POST', headers, body: '{"spans":[]}' });
  for (const headers of [bearer(STUDIO_TOKEN), basic(STUDIO_TOKEN), basic(TOKEN)]) assert.equal((await publish(headers)).status, 401);
  const remove = headers => fetch(url + DELETE, {
    method: 'POST', body: JSON.stringify({ traceIds: [root.traceId] }), headers: { 'content-type': 'application/json', ...headers },
  });
  for (const headers of [{}, bearer(TOKEN), basic(TOKEN)]) assert.equal((await remove(headers)).status, 401);
  const { pagination } = await (await fetch(url + LIST, { headers: bearer(STUDIO_TOKEN) })).json();
  assert.equal(pagination.total, 1);
  for (const headers of [basic(STUDIO_TOKEN), bearer(STUDIO_TOKEN)]) {
    for (const path of ['/traces', LIST]) assert.equal(await status(url, path, headers), 200, path);
  }
  assert.equal((await remove(basic(STUDIO_TOKEN))).status, 200);
  for (const path of ['/healthz', '/metrics']) assert.equal(await status(url, path, {}), 200, 'whoever watches has no token');
  const challenge = await fetch(`${url}/traces`);
  assert.match(challenge.headers.get('www-authenticate') ?? '', /^Basic /);
});

test('on loopback a Studio token that is given is wanted', async t => {
  const { url } = await collectorFor(t, ['--studio-token', STUDIO_TOKEN, ...(await duckdb(t))]);
  assert.equal(await status(url, LIST, {}), 401);
  assert.equal(await status(url, LIST, bearer(STUDIO_TOKEN)), 200);
  const throughProxy = { host: 'traces.example.com', origin: 'http://traces.example.com' };
  assert.equal(await status(url, LIST, throughProxy), 401);
  assert.equal(await status(url, LIST, { ...throughProxy, ...basic(STUDIO_TOKEN) }), 200, 'by the name of a proxy');
  const { origin } = throughProxy;
  assert.equal(await status(url, LIST, { origin, ...basic(STUDIO_TOKEN) }), 403, 'a proxy that passes on a host of its own');
});

test('requests without a valid token are counted, and say once where they came from', async t => {
  const collector = await collectorFor(t, await duckdb(t));
  const publish = headers => collector.request('/ai/spans/publish?secret', { method: 'POST', headers, body: '{}' });
  for (let times = 0; times < 5; times++) await publish(bearer('guess'));
  await publish({});
  assert.equal((await (await collector.request('/healthz')).json()).unauthorised, 6);
  await collector.logged(/sent a wrong token/);
  const lines = () => collector.output.stderr.split('\n').filter(line => line.includes('token'));
  assert.deepEqual(lines().map(line => line.slice(26)), ['127.0.0.1 sent a wrong token to /ai/spans/publish']);
  await collector.stop();
  assert.equal(lines().length, 2);
  assert.match(lines()[1], /5 more of this kind; the last: 127\.0\.0\.1 sent no token to/);
});

test('on loopback Studio is open to this machine, but not to the pages of others', async t => {
  const { url } = await collectorFor(t, await duckdb(t));
  const { host, port } = new URL(url);
  assert.equal(await status(url, LIST, {}), 200);
  assert.equal(await status(url, LIST, { origin: url }), 200);
  assert.equal(await status(url, LIST, { host: `localhost:${port}` }), 200);
  assert.equal(await status(url, LIST, { host: `evil.example:${port}` }), 403, 'a name that was made to point here');
  for (const origin of ['https://evil.example', 'null', `http://localhost:${Number(port) + 1}`]) {
    assert.equal(await status(url, DELETE, { origin, host }, 'POST'), 403, origin);
  }
  const response = await fetch(url + LIST);
  assert.equal(response.headers.get('access-control-allow-origin'), null);
});

test('a token of its own is made once, kept for the user alone, and printed by the start that made it', async t => {
  const store = await duckdb(t);
  const first = await startCollector(store, {});
  const [, token] = /accessToken: '([\w-]{32})'/.exec(first.output.stdout) ?? [];
  assert.ok(token, first.output.stdout);
  const file = `${store[1]}.token`;
  assert.equal(await readFile(file, 'utf8'), `${token}\n`);
  await first.stop();
  assert.equal((first.output.stdout + first.output.stderr).split(token).length, 2);

  const second = await startCollector(store, {});
  const publish = headers => second.request('/ai/spans/publish', { method: 'POST', headers, body: '{"spans":[{}]}' });
  assert.equal((await publish(bearer(token))).status, 200, 'the application goes on with the token it has');
  assert.equal((await publish(bearer('wrong'))).status, 401);
  for (const path of [file, store[1], `${store[1]}.wal`]) {
    if (existsSync(path)) assert.equal(statSync(path).mode & 0o777, 0o600, path);
  }
  await second.stop();
  assert.ok(!(second.output.stdout + second.output.stderr).includes(token));
  assert.ok(second.output.stdout.includes(file), 'it says where the token is');
});

test('a given token is never printed, and a data file that others could read is closed to them', async t => {
  const store = await duckdb(t);
  await (await startCollector(store)).stop();
  chmodSync(store[1], 0o644);
  const collector = await startCollector([...store, '--token', TOKEN], {});
  assert.equal((await collector.publish('spans', [{}])).status, 200);
  assert.equal(statSync(store[1]).mode & 0o777, 0o600);
  await collector.stop();
  assert.ok(!(collector.output.stdout + collector.output.stderr).includes(TOKEN));
  assert.match(collector.output.stdout, /accessToken: process\.env\.MASTRA_PLATFORM_ACCESS_TOKEN/);
  assert.ok(!existsSync(`${store[1]}.token`));
});

testOnPostgres('with --store the token is kept where the collector was started', async (t, store) => {
  const directory = await temporaryDirectory(t);
  const first = await startCollector(store, {}, directory);
  await first.stop();
  assert.deepEqual(readdirSync(directory), ['mastra-collector.token']);
  const file = join(directory, 'mastra-collector.token');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const [, printed] = /accessToken: '([\w-]{32})'/.exec(first.output.stdout) ?? [];
  assert.equal(await readFile(file, 'utf8'), `${printed}\n`);
});

test('--data :memory: leaves no file behind, and no data', async t => {
  const directory = await temporaryDirectory(t);
  const start = (...args) => startCollector(['--data', ':memory:', ...args], {}, directory);
  const total = async collector => (await collector.api('/traces/light')).pagination.total;
  const first = await start('--token', TOKEN);
  assert.equal((await first.publish('spans', [span()])).stored, 1);
  assert.equal(await total(first), 1);
  await first.stop();
  const second = await start();
  assert.equal(await total(second), 0);
  await second.stop();
  assert.match(second.output.stdout, /the token is made anew at each start, as the data is/);
  assert.deepEqual(readdirSync(directory), []);
});
