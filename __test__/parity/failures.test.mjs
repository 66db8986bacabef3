// Answers other than 200: how often a batch is tried, what is logged, which error is reported. What ours does on
// purpose differently (Retry-After, 413, no maxRetries) is in retries.test.mjs.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { comparableRequests, runBoth, runOurs } from '../support/both.mjs';
import { flushAll, flushOf, SIGNALS } from '../support/events.mjs';
import { comparableCalls, describeError } from '../support/logger.mjs';
import { first, refusedUrl, startServer } from '../support/server.mjs';

// Two attempts show a retry, with one pause instead of two.
const TWO = { maxRetries: 2 };

const segments = (...failing) => ({ segment }) => (failing.includes(segment) ? { status: 500 } : undefined);

// [name, scenario, attempts of both]; `texts: false` where the wording is the network stack's own.
const CASES = [
  ...[500, 502, 503, 504, 599, 408, 425, 429].map((status) => (
    [`${status} always`, { options: TWO, answer: () => ({ status }), drive: flushOf('traces', 3) }, 2])),
  ...[500, 503, 408, 425, 429].map((status) => (
    [`${status} once`, { options: TWO, answer: first({ status }), drive: flushOf('traces', 3) }, 2])),
  ...Object.keys(SIGNALS).map((signal) => (
    [`500 always, ${signal}`, { options: { maxRetries: 1 }, answer: () => ({ status: 500 }), drive: flushOf(signal, 2) }, 1])),
  ...[201, 202, 204, 206].map((status) => [`${status} is success`, { answer: () => ({ status, body: '' }), drive: flushOf('logs') }, 1]),
  ['a long error body', { options: TWO, answer: first({ status: 500, body: 'x'.repeat(1 << 20) }), drive: flushOf('traces') }, 2],
  ['a long body of success', { answer: () => ({ body: 'x'.repeat(1 << 20) }), drive: flushOf('traces') }, 1],
  ['reset always', { options: TWO, answer: () => 'reset', drive: flushOf('traces', 2), texts: false }, 2],
  ['reset once', { options: TWO, answer: first('reset'), drive: flushOf('traces', 2) }, 2],
  ['one of five signals fails', { options: { maxRetries: 1 }, answer: segments('logs'), drive: flushAll }, 5],
  ['two of five signals fail', { options: { maxRetries: 1 }, answer: segments('feedback', 'spans'), drive: flushAll }, 5],
  ['all signals fail', { options: { maxRetries: 1 }, answer: () => ({ status: 500 }), drive: flushAll }, 5],
  ['a failed batch does not stop the next', { options: { maxRetries: 1 }, answer: first({ status: 500 }), drive: async (run) => {
    await flushOf('traces')(run);
    await flushOf('traces')(run);
  } }, 2],
  ['a batch that left by size fails', { options: { maxRetries: 1, maxBatchSize: 2 }, answer: () => ({ status: 500 }), drive: async ({ exporter, logger }) => {
    await SIGNALS.logs.send(exporter, 1);
    await SIGNALS.logs.send(exporter, 2);
    await logger.logged('Batch flush completed with dropped signal batches');
  } }, 1],
  ['a batch that left by time fails', { options: { maxRetries: 1, maxBatchWaitMs: 20 }, answer: () => ({ status: 500 }), drive: async ({ exporter, logger }) => {
    await SIGNALS.logs.send(exporter, 1);
    await logger.logged('Batch flush completed with dropped signal batches');
  } }, 1],
];

function assertSameCalls({ peer, ours }, { texts = true } = {}) {
  const options = { texts, unordered: true };
  assert.deepEqual(comparableCalls(ours.calls, options), comparableCalls(peer.calls, options));
}

function assertSame(runs, options) {
  assertSameCalls(runs, options);
  assert.deepEqual(comparableRequests(runs.ours.requests), comparableRequests(runs.peer.requests));
}

describe('answers', { concurrency: true }, () => {
  for (const [name, scenario, attempts] of CASES) {
    test(name, async () => {
      const runs = await runBoth(scenario);
      assert.equal(runs.peer.requests.length, attempts, 'the peer');
      assert.equal(runs.ours.requests.length, attempts, 'ours');
      assertSame(runs, scenario);
    });
  }

  // No retry can help here, so ours makes one attempt; what is logged is what the peer logs after its last.
  for (const status of [300, 304, 305, 400, 402, 404, 405, 409, 410, 415, 422, 426, 431, 451]) {
    test(`${status} is not tried again`, async () => {
      // A batch of several records is halved after 400 and 422, to find the one that the collector does not take.
      const count = status === 400 || status === 422 ? 1 : 3;
      const { peer, ours } = await runBoth({ options: TWO, answer: () => ({ status }), drive: flushOf('traces', count) });
      assert.deepEqual([peer.requests.length, ours.requests.length], [2, 1]);
      assertSameCalls({ peer, ours });
      assert.deepEqual(comparableRequests(ours.requests), comparableRequests(peer.requests.slice(0, 1)));
    });
  }

  test('a refused signal leaves the others of its batch alone', async () => {
    const answer = ({ segment }) => (segment === 'metrics' ? { status: 400 } : undefined);
    const { peer, ours } = await runBoth({ options: { maxRetries: 1 }, answer, drive: flushAll });
    assertSame({ peer, ours });
  });

  test('nobody listens', async () => {
    const endpoint = await refusedUrl();
    const runs = await runBoth({ options: { ...TWO, endpoint }, drive: flushAll });
    assert.equal(runs.ours.calls.filter(({ level }) => level === 'trackException').length, 5);
    assertSame(runs, { texts: false });
  });

  test('a name that does not resolve', async () => {
    // https, as ours warns about a token that travels readable.
    const runs = await runBoth({ options: { maxRetries: 1, endpoint: 'https://no-such-host.invalid' }, drive: flushOf('logs') });
    assert.equal(runs.ours.calls.filter(({ level }) => level === 'trackException').length, 1);
    assertSame(runs, { texts: false });
  });

  test('a server that never answers runs into our requestTimeoutMs', async () => {
    // The peer would wait for minutes, so there is nothing to compare with.
    const { calls, requests } = await runOurs({
      options: { maxRetries: 1, requestTimeoutMs: 1000 }, answer: () => 'hang', drive: flushOf('scores', 2),
    });
    assert.equal(requests.length, 1);
    const [error] = calls.find(({ level }) => level === 'trackException').args;
    const { hasCause, ...seen } = describeError(error, { texts: false });
    assert.ok(hasCause);
    assert.deepEqual(seen, {
      name: 'Error', id: 'CLOUD_EXPORTER_FAILED_TO_BATCH_UPLOAD_SCORES', domain: 'MASTRA_OBSERVABILITY', category: 'USER',
      details: { signal: 'scores', droppedBatchSize: 2 },
    });
  });

  test('the error is one and the same for trackException and error', async () => {
    const { peer, ours } = await runBoth({ options: { maxRetries: 1 }, answer: () => ({ status: 500 }), drive: flushOf('traces') });
    for (const { calls } of [peer, ours]) {
      const tracked = calls.find(({ level }) => level === 'trackException').args[0];
      assert.equal(calls.find(({ level }) => level === 'error').args[1], tracked);
    }
  });
});

// [name, scenario] with a server that speaks for itself: `handler(req, res, index)`.
const once = (broken) => (req, res, index) => (index === 0 ? broken(res) : res.end('{}'));
const redirect = (status, location) => (req, res) => {
  if (req.url === location) res.end('{}');
  else res.writeHead(status, { location }).end();
};
const WIRE = [
  ['a reason phrase of its own', { options: { maxRetries: 1 }, handler: (req, res) => res.writeHead(500, 'Out of Coffee').end() }],
  ['no reason phrase', { options: { maxRetries: 1 }, handler: (req, res) => res.socket.end('HTTP/1.1 500 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n') }],
  ['an unknown status', { options: { maxRetries: 1 }, handler: (req, res) => res.writeHead(799, 'Hm').end() }],
  ['200 and a body that breaks off', { options: TWO, handler: once((res) => { res.writeHead(200, { 'content-length': 100 }); res.write('x', () => res.destroy()); }) }],
  ['500 and a body that breaks off', { options: TWO, handler: once((res) => { res.writeHead(500, { 'content-length': 100 }); res.write('x', () => res.destroy()); }) }],
  ['200 and a body that never ends', { options: TWO, ours: { requestTimeoutMs: 2000 }, handler: once((res) => { res.writeHead(200, { 'content-length': 100 }); res.write('x'); }) }],
  ['200 and a body that is not JSON', { options: TWO, handler: (req, res) => res.end('<html>') }],
  ['200 that says it is gzip but is not', { options: TWO, handler: (req, res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end('plain') }],
  ['early hints before 200', { options: TWO, handler: (req, res) => { res.writeEarlyHints({ link: '</a>; rel=preload' }); res.end('{}'); } }],
  ['200 and the connection closes', { options: TWO, handler: (req, res) => res.writeHead(200, { connection: 'close' }).end('{}') }],
  ['an HTTP/1.0 answer', { options: { maxRetries: 1 }, handler: (req, res) => res.socket.end('HTTP/1.0 200 OK\r\n\r\n{}') }],
  ['not HTTP at all', { options: { maxRetries: 1 }, handler: (req, res) => res.socket.end('220 smtp ready\r\n'), texts: false }],
  ['307 keeps method and body', { options: { maxRetries: 1 }, handler: redirect(307, '/moved') }],
  ['308 keeps method and body', { options: { maxRetries: 1 }, handler: redirect(308, '/moved') }],
  ['a redirect without a location', { options: { maxRetries: 1 }, handler: (req, res) => res.writeHead(302).end() }],
];

describe('on the wire', { concurrency: true }, () => {
  for (const [name, scenario] of WIRE) {
    test(name, async () => {
      const runs = await runBoth({ ...scenario, drive: flushOf('traces') });
      assert.ok(runs.peer.requests.length > 0);
      assertSame(runs, scenario);
    });
  }
});

// The peer follows these, too: as a GET without the records, in circles, to other hosts. Ours does not.
const NOT_FOLLOWED = [
  ...[301, 302, 303].map((status) => [`${status} within the origin`, status, () => '/moved']),
  ['307 to another origin', 307, (other) => `${other}/ai/spans/publish`],
  ['308 to another origin', 308, (other) => `${other}/ai/spans/publish`],
  ['307 that climbs to https', 307, (other) => `${other.replace('http:', 'https:')}/ai/spans/publish`],
];

describe('redirects that are not followed', { concurrency: true }, () => {
  for (const [name, status, location] of NOT_FOLLOWED) {
    test(name, async () => {
      const other = await startServer((req, res) => res.end('{}'));
      try {
        const { requests, calls } = await runOurs({
          options: { maxRetries: 1 },
          handler: redirect(status, location(other.url)),
          drive: flushOf('traces'),
        });
        assert.deepEqual(requests.map(({ method }) => method), ['POST']);
        assert.deepEqual(other.requests, []);
        assert.equal(calls.filter(({ level }) => level === 'trackException').length, 1);
      } finally {
        await other.close();
      }
    });
  }

  test('a redirect to itself comes to an end', async () => {
    const { requests, calls } = await runOurs({
      options: { maxRetries: 1 },
      handler: (req, res) => res.writeHead(307, { location: req.url }).end(),
      drive: flushOf('traces'),
    });
    assert.ok(requests.length > 1);
    assert.equal(calls.filter(({ level }) => level === 'trackException').length, 1);
  });
});
