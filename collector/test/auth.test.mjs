// Who may publish, and who may look.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';

import { TOKEN, runCollector, startCollector } from './support/collector.mjs';
import { collectorFor, duckdb, test } from './support/test.mjs';
import { span } from './support/wire.mjs';

const basic = password => ({ authorization: `Basic ${Buffer.from(`me:${password}`).toString('base64')}` });
const bearer = token => ({ authorization: `Bearer ${token}` });
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

test('beyond loopback it does not start without a token', async () => {
  const { code, stderr } = await runCollector(['--host', '0.0.0.0', '--port', '0', '--data', ':memory:']);
  assert.equal(code, 2);
  assert.match(stderr, /--host 0\.0\.0\.0 can be reached by other machines: give --token/);
});

test('beyond loopback Studio and its API want the token, deletion included', async t => {
  const collector = await collectorFor(t, ['--host', '0.0.0.0', ...(await duckdb(t))]);
  const { url } = collector;
  for (const path of ['/', '/traces', LIST, '/assets/x.js', '/health', '/refresh-events', '/api', '/nowhere']) {
    assert.equal(await status(url, path, {}), 401, path);
    assert.equal(await status(url, path, basic('wrong')), 401, path);
    assert.equal(await status(url, path, bearer('wrong')), 401, path);
  }
  const root = span();
  await collector.publish('spans', [root]);
  const remove = headers => fetch(url + DELETE, {
    method: 'POST', body: JSON.stringify({ traceIds: [root.traceId] }), headers: { 'content-type': 'application/json', ...headers },
  });
  assert.equal((await remove({})).status, 401);
  const { pagination } = await (await fetch(url + LIST, { headers: bearer(TOKEN) })).json();
  assert.equal(pagination.total, 1);
  for (const headers of [basic(TOKEN), bearer(TOKEN)]) {
    for (const path of ['/', '/traces', LIST]) assert.equal(await status(url, path, headers), 200, path);
  }
  assert.equal((await remove(basic(TOKEN))).status, 200);
  assert.equal(await status(url, '/healthz', {}), 200, 'whoever balances load has no token');
  const challenge = await fetch(`${url}/traces`);
  assert.match(challenge.headers.get('www-authenticate') ?? '', /^Basic /);
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

test('a token of its own is made and printed once; a given one never', async t => {
  const collector = await startCollector(await duckdb(t), {});
  const [, token] = /accessToken: '([\w-]{32})'/.exec(collector.output.stdout) ?? [];
  assert.ok(token, collector.output.stdout);
  const publish = headers => collector.request('/ai/spans/publish', { method: 'POST', headers, body: '{"spans":[{}]}' });
  assert.equal((await publish(bearer(token))).status, 200);
  assert.equal((await publish(bearer('wrong'))).status, 401);
  await collector.stop();
  const printed = collector.output.stdout + collector.output.stderr;
  assert.equal(printed.split(token).length, 2);

  const other = await startCollector([...(await duckdb(t)), '--token', TOKEN], {});
  assert.equal((await other.publish('spans', [{}])).status, 200);
  await other.stop();
  assert.ok(!(other.output.stdout + other.output.stderr).includes(TOKEN));
  assert.match(other.output.stdout, /accessToken: process\.env\.MASTRA_CLOUD_ACCESS_TOKEN/);
});
