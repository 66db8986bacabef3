// compression: 'gzip': the same body in fewer bytes, and uncompressed where the collector does not accept gzip.
import assert from 'node:assert/strict';
import http from 'node:http';
import { gunzipSync } from 'node:zlib';
import { describe, test } from 'node:test';
import { NEVER_MS, withoutCreatedAt } from '../support/both.mjs';
import { flushAll, makeSpan, SIGNALS, spanEvent } from '../support/events.mjs';
import { recordingLogger } from '../support/logger.mjs';
import { SIDES } from '../support/sides.mjs';

// The recording servers of the other tests read bodies as text; this one keeps the bytes.
async function startBinaryServer(answer = () => 200) {
  const requests = [];
  const server = http.createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const encoding = req.headers['content-encoding'];
    const request = { path: req.url, headers: req.headers, encoding, bytes, text: (encoding === 'gzip' ? gunzipSync(bytes) : bytes).toString() };
    requests.push(request);
    res.writeHead(answer(request, requests.length - 1)).end('{}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); });
  return { url: `http://127.0.0.1:${server.address().port}`, requests, close };
}

async function run({ kind = 'cloud', options, answer, drive }) {
  const server = await startBinaryServer(answer);
  const logger = recordingLogger();
  const exporter = new SIDES[kind].ours({ accessToken: 't', endpoint: server.url, maxBatchWaitMs: NEVER_MS, logger, ...options });
  try {
    await drive({ exporter, server });
    await exporter.shutdown();
    return { requests: server.requests, calls: logger.calls, stats: exporter.stats() };
  } finally {
    await server.close();
  }
}

const flushTimes = (times) => async ({ exporter }) => {
  for (let i = 0; i < times; i++) {
    await SIGNALS.logs.send(exporter, `l${i}`);
    await exporter.flush();
  }
};
const texts = ({ requests }) => requests.map(({ path, text }) => `${path} ${withoutCreatedAt(text)}`).sort();
const encodings = ({ requests }) => requests.map(({ encoding }) => encoding);
const gzip = { compression: 'gzip' };
const notGzip = (status) => ({ encoding }) => (encoding === 'gzip' ? status : 200);
const loud = ({ calls }) => calls.filter(({ level }) => ['warn', 'error', 'trackException'].includes(level));

// [name, drive]
const BODIES = [
  ['all five signals', flushAll],
  ['text of many kinds', async ({ exporter }) => {
    await exporter.exportTracingEvent(spanEvent(makeSpan('s', { input: 'Zürich — 東京 🗼 "quoted" \\ \u0000\u2028\ud800' })));
    await exporter.flush();
  }],
  ['a megabyte', async ({ exporter }) => {
    await exporter.exportTracingEvent(spanEvent(makeSpan('s', { input: Array.from({ length: 50_000 }, (_, i) => `value ${i}`) })));
    await exporter.flush();
  }],
];

describe('gzip', { concurrency: true }, () => {
  for (const kind of ['cloud', 'platform']) {
    for (const [name, drive] of BODIES) {
      test(`${name}, ${kind}`, async () => {
        const [plain, zipped] = await Promise.all([run({ kind, drive }), run({ kind, options: gzip, drive })]);
        assert.deepEqual(new Set(encodings(plain)), new Set([undefined]));
        assert.deepEqual(new Set(encodings(zipped)), new Set(['gzip']));
        assert.deepEqual(texts(zipped), texts(plain));
        for (const { headers, bytes } of zipped.requests) {
          assert.equal(headers['content-type'], 'application/json');
          assert.equal(Number(headers['content-length']), bytes.length);
        }
        const size = ({ requests }) => requests.reduce((total, { bytes }) => total + bytes.length, 0);
        assert.ok(size(zipped) < size(plain));
        assert.deepEqual(loud(zipped), []);
      });
    }
  }

  for (const status of [400, 415]) {
    test(`${status}: once more plain, and plain from then on`, async () => {
      const zipped = await run({ options: { ...gzip, maxRetries: 1 }, answer: notGzip(status), drive: flushTimes(3) });
      assert.deepEqual(encodings(zipped), ['gzip', undefined, undefined, undefined]);
      assert.equal(zipped.requests[0].text, zipped.requests[1].text);
      assert.equal(zipped.stats.logs.delivered, 3);
      assert.deepEqual(loud(zipped), []);
    });

    test(`${status} plain as well is a refusal`, async () => {
      const zipped = await run({ options: gzip, answer: () => status, drive: flushTimes(2) });
      // The next body is compressed again: its form was not what the collector refused.
      assert.deepEqual(encodings(zipped), ['gzip', undefined, 'gzip', undefined]);
      assert.equal(zipped.stats.logs.dropped.refused, 2);
    });
  }

  test('415 on five at once: each arrives', async () => {
    const zipped = await run({ options: gzip, answer: notGzip(415), drive: flushAll });
    assert.deepEqual(Object.keys(SIGNALS).map((signal) => zipped.stats[signal].delivered), [1, 1, 1, 1, 1]);
    assert.equal(encodings(zipped).filter((encoding) => encoding === undefined).length, 5);
  });

  test('404 is no reason to send it plain', async () => {
    const zipped = await run({ options: gzip, answer: () => 404, drive: flushTimes(2) });
    assert.deepEqual(encodings(zipped), ['gzip', 'gzip']);
  });

  test('a retry is compressed, too', async () => {
    const zipped = await run({ options: { ...gzip, maxRetries: 2 }, answer: (request, index) => (index === 0 ? 503 : 200), drive: flushTimes(1) });
    assert.deepEqual(encodings(zipped), ['gzip', 'gzip']);
    assert.equal(zipped.requests[0].text, zipped.requests[1].text);
  });

  for (const compression of ['none', undefined, null]) {
    test(`${compression}: plain`, async () => {
      assert.deepEqual(encodings(await run({ options: { compression }, drive: flushTimes(1) })), [undefined]);
    });
  }
});
