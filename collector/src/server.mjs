import { once } from 'node:events';
import { createServer } from 'node:http';
import { finished } from 'node:stream/promises';

import { createGate } from './auth.mjs';
import { HttpError } from './http-error.mjs';
import { Publisher, publishTarget } from './publish.mjs';
import { openStore } from './store.mjs';
import { createStudio } from './studio.mjs';
import { startUpkeep } from './upkeep.mjs';

/** @typedef {import('node:http').IncomingMessage} Request */
/** @typedef {import('node:http').ServerResponse} Response */

/** A body has to be there within this time, in milliseconds, so that nobody keeps the others waiting. */
const REQUEST_TIMEOUT_MS = 60_000;

/**
 * Starts the collector.
 * @param {import('./options.mjs').Options} options
 * @param {(line: string) => void} log  takes a line of text about what went wrong
 * @returns {Promise<{ url: string, storeName: string, close: () => Promise<void> }>} `close` stores what has arrived
 */
export async function startCollector(options, log) {
  const store = await openStore(options.store, options.retentionMs);
  const publisher = new Publisher(store, log);
  const gate = createGate(options);
  const studio = await createStudio(store.observability);
  /** Requests whose records are not stored yet. @type {Set<Promise<void>>} */
  const publishing = new Set();
  let closing = false;

  /** @param {Request} request @param {Response} response */
  function handle(request, response) {
    const path = pathOf(request);
    const target = publishTarget(path);
    if (path === '/healthz') return health(response);
    if (target) {
      const done = answer(response, () => publish(request, target), log).finally(() => publishing.delete(done));
      publishing.add(done);
      return;
    }
    const status = gate.studio(request);
    if (status === 200) return studio(request, response);
    refuse(response, status);
  }

  /** @param {Request} request @param {import('./publish.mjs').Target} target */
  async function publish(request, target) {
    if (request.method !== 'POST') throw new HttpError(405, `${request.method} is not allowed here: POST is`);
    if (!gate.mayPublish(request)) throw new HttpError(401, 'the bearer token is missing or wrong');
    if (closing) throw new HttpError(503, 'shutting down');
    return publisher.publish(request, target);
  }

  /** @param {Response} response */
  function health(response) {
    const status = closing ? 'shutting down' : 'ok';
    send(response, closing ? 503 : 200, { status, records: publisher.counts });
  }

  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, handle);
  try {
    server.listen(options.port, options.host);
    await once(server, 'listening');
  } catch (error) {
    await store.close();
    throw error;
  }
  const upkeep = startUpkeep(store, options.retentionMs, log);

  return {
    url: urlOf(server, options.host),
    storeName: store.name,
    async close() {
      closing = true;
      server.close();
      await Promise.all(publishing);
      // Studio keeps streams open for as long as a page is.
      server.closeAllConnections();
      await upkeep.stop();
      await store.close();
    },
  };
}

/**
 * Resolves when the answer is on its way.
 * @param {Response} response
 * @param {() => Promise<unknown>} work  its result is the body
 * @param {(line: string) => void} log
 */
async function answer(response, work, log) {
  try {
    send(response, 200, await work());
  } catch (error) {
    const { status, message } = error instanceof HttpError ? error : { status: 500, message: 'a fault of the collector' };
    if (status === 500) log(`A fault of the collector: ${/** @type {Error} */ (error).stack}`);
    send(response, status, { error: message });
  }
  // Whoever sent it may be gone; then there is nobody to tell.
  await finished(response).catch(() => {});
}

/** @param {Response} response @param {401 | 403} status */
function refuse(response, status) {
  if (status === 401) response.setHeader('www-authenticate', 'Basic realm="collector", charset="UTF-8"');
  const error = status === 401 ? 'a token is needed, as bearer or as password' : 'not for pages of other origins';
  send(response, status, { error });
}

/** @param {Response} response @param {number} status @param {unknown} body */
function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** @param {Request} request @returns {string} '' if it makes no sense */
function pathOf({ url = '' }) {
  return URL.canParse(url, 'http://localhost') ? new URL(url, 'http://localhost').pathname : '';
}

/** @param {import('node:http').Server} server @param {string} host */
function urlOf(server, host) {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
