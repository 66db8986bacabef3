// A collector that treats each request in a random way and sometimes restarts on the same port. It records what it has
// done with every record.
import { createServer } from 'node:http';
import { reservedPort } from './outage.mjs';

/** Random numbers in 0..1 that a seed repeats (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Draws one of `[weight, value]`. */
export function draw(random, table) {
  let left = random() * table.reduce((sum, [weight]) => sum + weight, 0);
  return table.find(([weight]) => (left -= weight) < 0)[1];
}

const SEGMENT = /\/ai\/(\w+)\/publish$/;
const ID_FIELDS = { spans: 'spanId', logs: 'logId', metrics: 'metricId', scores: 'scoreId', feedback: 'feedbackId' };

/** What may happen to a request that is not too large. The collector has the records after 'ok', 'late', 'lostAnswer', 'hang'. */
const TREATMENTS = [
  [55, 'ok'], [15, 'late'], [4, 'resetUnread'], [4, 'reset'], [4, 'lostAnswer'], [2, 'hang'],
  [3, 408], [2, '429 now'], [1, '429 later'], [5, 500], [4, 503], [1, 404],
];
const LATE_MS = 40;

/**
 * `handled` has one entry for each request whose body was read: `{ ids, outcome }`, outcome 'stored' (and the exporter
 * knows), 'unsure' (stored, but the exporter cannot know), 'refused', 'tooLarge' or 'failed'.
 */
export async function startChaos({ random, maxBytes }) {
  const port = await reservedPort();
  const handled = [];
  const sockets = new Set();
  /** Requests that are not answered, and what to do when the server goes down. */
  const open = new Set();
  let healthy = false;
  let server;
  const counts = {};

  function handle(request, response) {
    const treatment = healthy ? 'ok' : draw(random, TREATMENTS);
    counts[treatment] = (counts[treatment] ?? 0) + 1;
    if (treatment === 'resetUnread') return request.socket.resetAndDestroy();
    const chunks = [];
    request.on('error', () => {}); // the request broke off, so no record of it was read
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => treat(treatment, request, response, Buffer.concat(chunks)));
  }

  function treat(treatment, { url, socket }, response, body) {
    const [, segment] = SEGMENT.exec(url);
    const ids = JSON.parse(body)[segment].map((record) => record[ID_FIELDS[segment]]);
    const entry = { ids, outcome: 'failed' };
    handled.push(entry);
    const answer = (status, outcome, headers = {}) => {
      entry.outcome = outcome;
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end('{}');
    };
    if (body.length > maxBytes) return answer(413, ids.length === 1 ? 'tooLarge' : 'failed');
    switch (treatment) {
      case 'ok': return answer(200, 'stored');
      case 'late': {
        const pending = { give: () => { open.delete(pending); answer(200, 'stored'); } };
        pending.timer = setTimeout(pending.give, random() * LATE_MS);
        return open.add(pending);
      }
      case 'reset': return socket.resetAndDestroy();
      case 'lostAnswer': entry.outcome = 'unsure'; return socket.resetAndDestroy();
      case 'hang': entry.outcome = 'unsure'; return undefined;
      case '429 now': return answer(429, 'failed', { 'retry-after': '0' });
      case '429 later': return answer(429, 'failed', { 'retry-after': '1' });
      case 404: return answer(404, 'refused');
      default: return answer(treatment, 'failed');
    }
  }

  async function listen() {
    server = createServer(handle);
    server.keepAliveTimeout = 0;
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  }

  /** Goes down. Requests that wait for an answer get none, and their records were not stored. */
  async function stop() {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const { timer } of open) clearTimeout(timer);
    open.clear();
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  await listen();
  return {
    url: `http://127.0.0.1:${port}`,
    handled,
    counts,
    stop,
    async restart() {
      await stop();
      await listen();
      counts.restart = (counts.restart ?? 0) + 1;
    },
    /** Ends all faults, and breaks off requests that hang. */
    async heal() {
      await stop();
      healthy = true;
      await listen();
    },
  };
}
