// The routes of Studio's pages can be reached, and no other of Mastra's server.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';

import { kindOf } from '../src/routes.mjs';
import { collectorFor, duckdb, test } from './support/test.mjs';

/** The server that Mastra would open to everybody who can reach it. */
async function mastraRoutes() {
  const { Mastra } = await import('@mastra/core/mastra');
  const { InMemoryStore } = await import('@mastra/core/storage');
  const { createHonoServer } = await import('@mastra/deployer/server');
  const mastra = new Mastra({ storage: new InMemoryStore(), logger: false, server: { cors: false } });
  const { routes } = await createHonoServer(mastra, { tools: {}, studio: true, browserStream: false });
  return [...new Set(routes.map(({ method, path }) => `${method} ${path}`))].map(route => route.split(' '));
}

/** All that is let through, as routes of Mastra's server. */
const ALLOWED = new Set(`
GET /api/auth/capabilities
GET /api/system/packages
GET /api/agents
GET /api/workflows
GET /api/tools
GET /api/processors
GET /api/workspaces
GET /api/mcp/v0/servers
GET /api/datasets
GET /api/experiments
GET /api/experiments/review-summary
GET /api/editor/builder/settings
GET /api/scores/scorers
GET /api/scores/scorers/:scorerId
GET /api/scores/scorer/:scorerId
GET /api/scores/run/:runId
GET /api/observability/traces
GET /api/observability/traces/light
GET /api/observability/branches
GET /api/observability/logs
GET /api/observability/metrics
GET /api/observability/scores
GET /api/observability/feedback
GET /api/observability/scores/:scoreId
GET /api/observability/traces/:traceId
GET /api/observability/traces/:traceId/light
GET /api/observability/traces/:traceId/trajectory
GET /api/observability/traces/:traceId/branches/:spanId
GET /api/observability/traces/:traceId/spans/:spanId
GET /api/observability/traces/:traceId/:spanId/scores
GET /api/observability/discovery/metric-names
GET /api/observability/discovery/metric-label-keys
GET /api/observability/discovery/metric-label-values
GET /api/observability/discovery/entity-types
GET /api/observability/discovery/entity-names
GET /api/observability/discovery/service-names
GET /api/observability/discovery/environments
GET /api/observability/discovery/tags
POST /api/observability/traces/query
POST /api/observability/traces/query/fields
POST /api/observability/traces/query/values
POST /api/observability/traces/delete
POST /api/observability/threads/query
POST /api/observability/feedback
POST /api/observability/metrics/aggregate
POST /api/observability/metrics/breakdown
POST /api/observability/metrics/timeseries
POST /api/observability/metrics/percentiles
POST /api/observability/scores/aggregate
POST /api/observability/scores/breakdown
POST /api/observability/scores/timeseries
POST /api/observability/scores/percentiles
POST /api/observability/feedback/aggregate
POST /api/observability/feedback/breakdown
POST /api/observability/feedback/timeseries
POST /api/observability/feedback/percentiles
PATCH /api/observability/feedback/:feedbackId/review-status
DELETE /api/observability/scores
DELETE /api/observability/feedback
`.trim().split('\n'));

/** A path of a route, with something in the place of each parameter. */
const filled = path => path.replace(/:\w+(\{[^}]*\})?/g, 'x1').replace(/\*+/g, 'x1');

test('of all routes of the server those of the list are reachable, and the others are not there', async t => {
  const { url } = await collectorFor(t, await duckdb(t));
  const routes = (await mastraRoutes()).filter(([, path]) => path.startsWith('/api/'));
  assert.ok(routes.length > 400, `${routes.length} routes`);
  const missing = [...ALLOWED].filter(route => !routes.some(([method, path]) => `${method} ${path}` === route));
  assert.deepEqual(missing, [], 'the list has no route that the server lacks');

  let closed = 0;
  for (const [method, path] of routes) {
    for (const verb of method === 'ALL' ? ['GET', 'POST', 'DELETE'] : [method]) {
      const allowed = ALLOWED.has(`${verb} ${path}`);
      assert.equal(kindOf(verb, filled(path)) === 'api', allowed, `${verb} ${path}`);
      if (allowed) continue;
      closed++;
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(url + filled(path), { method: verb, headers, ...(verb === 'POST' && { body: '{}' }) });
      assert.equal(response.status, 404, `${verb} ${path}`);
      assert.deepEqual(await response.json(), { error: 'a collector has no such thing' }, `${verb} ${path}`);
    }
  }
  assert.ok(closed > 300, `${closed} are closed`);
});

test('a route that is closed is so in every spelling', async t => {
  const { url } = await collectorFor(t, await duckdb(t));
  const { port } = new URL(url);
  const secret = 'a-stored-agent';
  const body = JSON.stringify({ id: secret, name: secret, instructions: 'x', model: { provider: 'openai', name: 'gpt-4o' } });
  for (const target of [
    '/api/stored/agents',
    '//api/stored/agents',
    '/api//stored/agents',
    '/api/stored//agents',
    '/api/%73tored/agents',
    '/api/stored/agents/',
    '/api/stored/agents?x=/api/observability/logs',
    '/api/observability/../stored/agents',
    '/api/observability/%2e%2e/stored/agents',
    '/api/observability/traces/..%2f..%2fstored%2fagents',
    '/api/observability/traces/query/../../../stored/agents',
    '/traces/../api/stored/agents',
    '/assets/../api/stored/agents',
    '/assets/..%2fapi/stored/agents',
    '\\api\\stored\\agents',
    '/api/stored/agents#/api/observability/feedback',
    `http://127.0.0.1:${port}/api/stored/agents`,
    'http://evil.example/api/observability/../stored/agents',
    '/api/mcp/x/mcp',
    '/__refresh',
  ]) {
    const answer = await raw(Number(port), 'POST', target, body);
    assert.match(answer, /^HTTP\/1\.1 (400|404|405) /, `${target}: ${answer.slice(0, 100)}`);
  }
  for (const target of ['/assets/..%2f..%2findex.html', '/assets/../../package.json', '/assets/%2e%2e/%2e%2e/package.json']) {
    assert.match(await raw(Number(port), 'GET', target, ''), /^HTTP\/1\.1 404 /, target);
  }
});

/** A request with a target that no client would send. @returns {Promise<string>} the answer */
function raw(port, method, target, body) {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.end(
      `${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`));
    socket.setEncoding('utf8').on('data', text => { answer += text; }).on('end', () => resolve(answer)).on('error', reject);
  });
}

test('a page that fails says why to the log', async t => {
  const { createStudio } = await import('../src/studio.mjs');
  const { ObservabilityStorage } = await import('@mastra/core/storage');
  const faults = [];
  // Mastra's base class is a store that can do nothing.
  const studio = await createStudio(new ObservabilityStorage(), error => faults.push(error.message));
  const server = createServer((request, response) => studio(request, response, new URL(request.url, 'http://x').pathname)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close().closeAllConnections());
  const at = path => fetch(`http://127.0.0.1:${server.address().port}${path}`);
  assert.equal((await at('/all-metrics')).status, 500);
  assert.equal((await at('/api/scores/scorers/%zz')).status, 500);
  assert.equal(faults.length, 2);
  for (const fault of faults) assert.match(fault, /does not support/);
});

test('pages: the start leads to the traces, what a collector has not says so, and none can be framed', async t => {
  const { request } = await collectorFor(t, await duckdb(t));
  const start = await request('/', { redirect: 'manual' });
  assert.deepEqual([start.status, start.headers.get('location')], [302, '/traces']);

  for (const path of ['/traces', '/metrics', '/logs', '/scorers', '/scorers/x', '/evaluation', '/inbox', '/settings', '/all-metrics']) {
    const response = await request(path, { headers: { accept: 'text/html' } });
    assert.equal(response.status, 200, path);
    assert.match(response.headers.get('content-type') ?? '', /^text\/html/, path);
    const policy = response.headers.get('content-security-policy') ?? '';
    for (const part of ["default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "img-src 'self' data: blob:"]) {
      assert.ok(policy.split('; ').includes(part), `${path}: ${part}`);
    }
    assert.ok(!/script-src[^;]*unsafe/.test(policy), path);
  }
  for (const path of ['/agents', '/workflows/x', '/tools', '/prompts', '/datasets', '/experiments', '/login', '/templates', '/nowhere']) {
    const response = await request(path, { headers: { accept: 'text/html' } });
    assert.equal(response.status, 404, path);
    assert.match(await response.text(), /belongs to the application itself/, path);
  }
  assert.ok(!(await (await request('/%3Cscript%3E')).text()).includes('<script>'));

  for (const path of ['/traces', '/assets/none.js', '/healthz', '/metrics', '/api/observability/logs', '/api/stored/agents', '/agents', '/ai/spans/publish']) {
    const { headers } = await request(path);
    assert.equal(headers.get('x-frame-options'), 'DENY', path);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
    assert.equal(headers.get('referrer-policy'), 'no-referrer', path);
    assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin', path);
    assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/, path);
  }
});
