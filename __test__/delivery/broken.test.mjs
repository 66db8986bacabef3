// Answers that are broken, endless or lead elsewhere: the records are delivered, retried or refused, the token stays
// with its host, and nothing without an end is awaited or kept.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { CloudExporter } from 'mastra-native-exporter';
import { startCollector } from '../../examples/demo/collector.mjs';
import { recordingLogger } from '../support/logger.mjs';
import { within } from '../support/deadline.mjs';
import { OK, startRawServer, writeForEver } from '../support/raw-server.mjs';
import { exportSpans, numbered } from '../support/spans.mjs';

const MIB = 1 << 20;
const COUNT = 20;
const TOKEN = 'secret-token';
/** More than a socket's buffers on both sides may take before writing to it stalls. */
const MAX_TAKEN_BYTES = 32 * MIB;

const reset = (text) => (socket) => socket.write(text, () => socket.resetAndDestroy());
const dripping = (head) => async (socket) => {
  socket.write(head);
  while (!socket.destroyed) {
    socket.write('.');
    await setTimeout(20);
  }
};

const HEAD = 'HTTP/1.1 200 OK\r\n';
const CHUNK = `10000\r\n${'x'.repeat(0x10000)}\r\n`;

// [answer to the first request, what the server does, what becomes of the records, the most that may be read of the
// answer]. Interim answers are read and ignored for as long as the request may take.
const ANSWERS = [
  ['reset in the middle of the status line', reset('HTTP/1.1 20'), 'retried'],
  ['reset in the middle of the headers', reset(`${HEAD}content-le`), 'retried'],
  ['reset in the middle of the body', reset(`${HEAD}content-length: 100\r\n\r\n{"half":`), 'delivered'],
  ['end without an answer', (socket) => socket.end(), 'retried'],
  ['end in the middle of the body', (socket) => socket.end(`${HEAD}content-length: 100\r\n\r\n{"half":`), 'delivered'],
  ['garbage', (socket) => socket.end('garbage\r\n\r\n'), 'retried'],
  ['binary garbage', (socket) => socket.end(Buffer.from([0, 255, 22, 3, 1, 13, 10, 13, 10])), 'retried'],
  ['garbage for ever', (socket) => writeForEver(socket, Buffer.alloc(65_536, 'x')), 'retried'],
  ['a status that does not exist', (socket) => socket.end('HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n'), 'refused'],
  ['a second answer that nobody asked for', (socket) => socket.write(OK + OK), 'delivered'],
  ['headers without end', (socket) => { socket.write(HEAD); writeForEver(socket, `x-filler: ${'x'.repeat(8192)}\r\n`); }, 'retried'],
  ['interim answers without end', (socket) => writeForEver(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000)), 'retried', Infinity],
  ['a body without end', (socket) => { socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`); writeForEver(socket, CHUNK); }, 'delivered'],
  ['a body without end, drop by drop', dripping(`${HEAD}content-length: 1000000\r\n\r\n`), 'delivered'],
  ['headers drop by drop', dripping(`${HEAD}x-slow: `), 'retried'],
  ['a huge body', (socket) => { socket.write(`${HEAD}content-length: ${8 * 1024 * MIB}\r\n\r\n`); writeForEver(socket, Buffer.alloc(65_536, 'x')); }, 'delivered'],
  ['a body without end to a 500', (socket) => { socket.write('HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n'); writeForEver(socket, CHUNK); }, 'retried'],
];

/** Exports COUNT spans and flushes; returns what has become of them. */
async function flushed(url, options) {
  const logger = recordingLogger();
  const exporter = new CloudExporter({ accessToken: TOKEN, endpoint: url, maxBatchSize: COUNT, logger, ...options });
  try {
    exportSpans(exporter, COUNT);
    await within(exporter.flush(), () => 'flush');
    return { stats: exporter.stats().traces, calls: logger.calls };
  } finally {
    await exporter.shutdown();
  }
}

describe('broken answers', { concurrency: true }, () => {
  for (const [name, misbehave, outcome, maxTaken = MAX_TAKEN_BYTES] of ANSWERS) {
    test(`${name}: ${outcome}`, async (t) => {
      let first;
      const server = await startRawServer((socket) => { first = socket; void misbehave(socket); });
      try {
        // Only what is tried again may run into the time limit of a request.
        const { stats } = await flushed(server.url, outcome === 'retried' ? { requestTimeoutMs: 3000 } : {});
        const sent = server.requests.map(({ text }) => JSON.parse(text).spans.map(({ spanId }) => spanId));
        assert.deepEqual(sent, Array(outcome === 'retried' ? 2 : 1).fill(numbered(COUNT)));
        assert.deepEqual([stats.delivered, stats.dropped.refused], outcome === 'refused' ? [0, COUNT] : [COUNT, 0]);
        t.diagnostic(`${(first.bytesWritten / MIB).toFixed(1)} MiB written`);
        assert.ok(first.bytesWritten < maxTaken, `${first.bytesWritten} bytes were taken`);
      } finally {
        await server.close();
      }
    });
  }
});

describe('redirects', { concurrency: true }, () => {
  // [name, where to, given the collector and another host]
  const TARGETS = [
    ['another port', (own, other) => `${other.url}/ai/spans/publish`],
    ['another name of the same machine', (own) => `${own.url.replace('127.0.0.1', 'localhost')}/ai/spans/publish`],
    ['another host without a scheme', (own, other) => `${other.url.slice('http:'.length)}/ai/spans/publish`],
    ['another host, credentials in the URL', (own, other) => `${other.url.replace('http://', 'http://user:secret@')}/ai/spans/publish`],
  ];

  for (const status of [301, 302, 303, 307, 308]) {
    for (const [name, target] of TARGETS) {
      test(`${status} to ${name}: refused, the token goes nowhere`, async () => {
        const other = await startCollector();
        const own = await startCollector({ answer: (request, index) => (index === 0 ? { status, headers: { location: target(own, other) } } : {}) });
        try {
          const { stats } = await flushed(own.url);
          assert.deepEqual(other.requests, []);
          assert.deepEqual(own.requests.map(({ headers }) => headers.authorization), [`Bearer ${TOKEN}`]);
          assert.deepEqual([stats.delivered, stats.dropped.refused], [0, COUNT]);
        } finally {
          await Promise.all([own.close(), other.close()]);
        }
      });
    }
  }

  for (const status of [307, 308]) {
    test(`${status} within the origin: delivered`, async () => {
      const own = await startCollector({ answer: (request, index) => (index === 0 ? { status, headers: { location: '/projects/p/ai/spans/publish' } } : {}) });
      try {
        const { stats } = await flushed(own.url);
        assert.deepEqual([stats.delivered, own.requests.length, own.records('spans').length], [COUNT, 2, COUNT]);
      } finally {
        await own.close();
      }
    });

    test(`${status} to itself for ever: refused after a few`, async () => {
      const own = await startCollector({ answer: () => ({ status, headers: { location: '/ai/spans/publish' } }) });
      try {
        const { stats } = await flushed(own.url);
        assert.deepEqual([stats.delivered, stats.dropped.refused], [0, COUNT]);
        assert.ok(own.requests.length <= 10, `${own.requests.length} requests`);
      } finally {
        await own.close();
      }
    });
  }
});
