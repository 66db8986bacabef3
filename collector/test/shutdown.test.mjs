// A SIGTERM finishes what is being stored.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';

import { TOKEN, startCollector } from './support/collector.mjs';
import { collectorFor, duckdb, test, testOnStores } from './support/test.mjs';
import { span } from './support/wire.mjs';

/** A publish request of which `head` is sent at once; `finish` sends the rest and answers the status. */
function halfSent(url, text, head) {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-length': Buffer.byteLength(text) };
  const request = httpRequest(`${url}/ai/spans/publish`, { method: 'POST', headers });
  const answered = new Promise((resolve, reject) => {
    request.on('response', response => resolve(response.resume().statusCode)).on('error', reject);
  });
  const written = new Promise(resolve => { request.write(text.slice(0, head), resolve); });
  return {
    written,
    finish() {
      request.end(text.slice(head));
      return answered;
    },
  };
}

testOnStores('requests under way are stored and answered, and then it ends', async (t, store) => {
  const collector = await startCollector(store);
  const batches = Array.from({ length: 6 }, () => Array.from({ length: 20 }, () => span()));
  // More than are read at a time, so that some wait.
  const requests = batches.map(spans => {
    const text = JSON.stringify({ spans });
    return halfSent(collector.url, text, text.length >> 1);
  });
  await Promise.all(requests.map(({ written }) => written));
  // An answer to a later request on another connection: the halves before it have arrived.
  assert.equal((await collector.request('/healthz')).status, 200);

  const ended = collector.stop();
  await refusesConnections(collector.url);
  assert.deepEqual(await Promise.all(requests.map(request => request.finish())), Array(6).fill(200));
  assert.equal(await ended, 0);
  assert.match(collector.output.stdout, /SIGTERM: storing what has arrived/);

  const after = await collectorFor(t, store);
  assert.equal((await after.api('/traces/light?perPage=1')).pagination.total, 120);
});

test('an open page of Studio does not keep it from ending', async t => {
  const collector = await startCollector(await duckdb(t));
  const events = await collector.request('/refresh-events');
  assert.equal(events.status, 200);
  assert.equal(await collector.stop('SIGINT'), 0);
  await assert.rejects(events.text());
});

test('/healthz says 503 during a shutdown to those who are connected, and a publisher is told to come again', async t => {
  const collector = await startCollector(await duckdb(t));
  const text = JSON.stringify({ spans: [span()] });
  const held = halfSent(collector.url, text, 20);
  await held.written;
  const ask = async head => {
    const socket = connect(Number(new URL(collector.url).port), '127.0.0.1').setEncoding('utf8');
    await once(socket, 'connect');
    await new Promise(resolve => { socket.write(head, resolve); });
    return async rest => {
      socket.end(rest);
      let answer = '';
      for await (const part of socket) answer += part;
      return answer;
    };
  };
  const health = await ask('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n');
  const publish = await ask('POST /ai/spans/publish HTTP/1.1\r\nHost: 127.0.0.1\r\n');
  // An answer to a later request on another connection: the halves before it have arrived.
  assert.equal((await collector.request('/healthz')).status, 200);
  const ended = collector.stop();
  await refusesConnections(collector.url);
  const answer = await health('Connection: close\r\n\r\n');
  assert.match(answer, /^HTTP\/1\.1 503 /);
  assert.match(answer, /"status":"shutting down"/);
  const refused = await publish(`Authorization: Bearer ${TOKEN}\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{"spans":[]}`);
  assert.match(refused, /^HTTP\/1\.1 503 [^]*retry-after: 1[^]*"shutting down"/i);
  assert.equal(await held.finish(), 200);
  assert.equal(await ended, 0);
});

/** Resolves when nobody listens any more. */
async function refusesConnections(url) {
  const refused = () => fetch(`${url}/healthz`).then(() => false, () => true);
  while (!(await refused()));
}
