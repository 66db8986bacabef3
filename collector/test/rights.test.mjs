// The table "Who may do what" of the README, cell by cell.
import assert from 'node:assert/strict';

import { tables } from './support/readme.mjs';
import { TOKEN } from './support/collector.mjs';
import { collectorFor, duckdb, test } from './support/test.mjs';
import { span } from './support/wire.mjs';

const STUDIO_TOKEN = 'studio-token-of-the-tests';
const basic = (user, password) => ({ authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` });
const bearer = token => ({ authorization: `Bearer ${token}` });

/** The columns of the table, as requests send them. The user name does not matter. @type {Record<string, Record<string, string>[]>} */
const SENT = {
  "exporter's token": [bearer(TOKEN), basic('me', TOKEN)],
  'Studio token': [bearer(STUDIO_TOKEN), basic('', STUDIO_TOKEN), basic('somebody else', STUDIO_TOKEN)],
  'no token': [{}],
};
const json = { 'content-type': 'application/json' };

/** The rows, as the requests that they stand for. @type {Record<string, (traceId: string) => [string, RequestInit][]>} */
const REQUESTS = {
  publish: () => ['spans', 'logs', 'metrics', 'scores', 'feedback'].flatMap(signal =>
    ['', '/projects/p'].map(project => [`${project}/ai/${signal}/publish`, { method: 'POST', body: `{"${signal}":[]}` }])),
  'read and delete in Studio and its API': traceId => [
    ['/traces', {}],
    ['/api/observability/traces/light', {}],
    [`/api/observability/traces/${traceId}`, {}],
    ['/api/observability/traces/delete', { method: 'POST', body: JSON.stringify({ traceIds: [traceId] }) }],
  ],
  '`/healthz`, `/metrics` (counts, no records)': () => [['/healthz', {}], ['/metrics', {}]],
};

test('each cell of the table of rights, with a Studio token and without', async t => {
  const [[head, ...rows]] = tables('Who may do what');
  assert.deepEqual(head.slice(1), Object.keys(SENT));
  assert.deepEqual(rows.map(([what]) => what), Object.keys(REQUESTS));
  for (const hasStudioToken of [true, false]) {
    const collector = await collectorFor(t, [...(hasStudioToken ? ['--studio-token', STUDIO_TOKEN] : []), ...(await duckdb(t))]);
    for (const [what, ...cells] of rows) {
      for (const [column, cell] of cells.entries()) {
        const isAllowed = { yes: true, no: false, 'on loopback, if there is no Studio token': !hasStudioToken }[cell];
        assert.notEqual(isAllowed, undefined, `the cell "${cell}"`);
        // Without a Studio token Studio asks nobody who they are.
        if (!hasStudioToken && what.startsWith('read') && column < 2) continue;
        for (const headers of SENT[head[column + 1]]) {
          // A bearer publishes, a password does not.
          if (what === 'publish' && isAllowed && headers.authorization?.startsWith('Basic')) continue;
          const root = span();
          assert.equal((await collector.publish('spans', [root])).stored, 1);
          for (const [path, init] of REQUESTS[what](root.traceId)) {
            const { status } = await collector.request(path, { ...init, headers: { ...json, ...headers } });
            assert.equal(status, isAllowed ? 200 : 401, `${what}: ${path} with ${JSON.stringify(headers)}, Studio token: ${hasStudioToken}`);
          }
          if (!what.startsWith('read')) continue;
          const read = hasStudioToken ? bearer(STUDIO_TOKEN) : {};
          const kept = (await collector.request(`/api/observability/traces/${root.traceId}`, { headers: read })).status;
          assert.equal(kept, isAllowed ? 404 : 200, `deleted with ${JSON.stringify(headers)}`);
        }
      }
    }
    const secret = span({ name: 'a name that nobody else may read' });
    await collector.publish('spans', [secret]);
    for (const path of ['/healthz', '/metrics']) {
      const text = await (await collector.request(path)).text();
      assert.ok(!text.includes(secret.name) && !text.includes(secret.traceId), path);
    }
  }
});
