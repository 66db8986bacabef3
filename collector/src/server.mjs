import { once } from 'node:events';
import { createServer } from 'node:http';
import { finished } from 'node:stream/promises';

import { urlOf } from './address.mjs';
import { createGate } from './auth.mjs';
import { createHeldBack } from './held-back.mjs';
import { HttpError } from './http-error.mjs';
import { Publisher, publishTarget } from './publish.mjs';
import { Status } from './status.mjs';
import { openStore } from './store.mjs';
import { createStudio } from './studio.mjs';
import { firstLine } from './text.mjs';
import { keptToken } from './token-file.mjs';
import { startUpkeep } from './upkeep.mjs';

/** @typedef {import('node:http').IncomingMessage} Request */
/** @typedef {import('node:http').ServerResponse} Response */

/** A body has to be there within this time, in milliseconds, so that nobody keeps the others waiting. */
const REQUEST_TIMEOUT_MS = 60_000;
/** The interval in milliseconds at which Node looks for requests that are over the limit. Its default is 30 s. */
const TIMEOUT_CHECK_MS = 1000;

/** The headers of every answer. A page has its own `content-security-policy`, for the files that it loads. */
const HEADERS = new Map(Object.entries({
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}));

/**
 * @typedef {object} Collector
 * @property {string} url  at which it can be reached
 * @property {string} storeName  for people
 * @property {{ token: string, isNew: boolean } | undefined} made  the token of the exporters if nobody gave one
 * @property {() => Promise<void>} close  stores what has arrived
 */

/**
 * Starts the collector.
 * @param {import('./options.mjs').Options} options
 * @param {(line: string) => void} log  takes a line of text about what went wrong
 * @returns {Promise<Collector>}
 */
export async function startCollector(options, log) {
  const store = await openStore(options.store, options.retentionMs);
  const status = new Status();
  const heldBack = createHeldBack(log);
  const publisher = new Publisher(store, status, heldBack);
  const made = options.tokens.length === 0 ? await keptToken(options.tokenFile) : undefined;
  const gate = createGate(made === undefined ? options : { ...options, tokens: [made.token] });
  const studio = await createStudio(store.observability, error => {
    heldBack.write('studio', `Studio could not be answered: ${firstLine(error)}`);
  });
  /** Requests whose records are not stored yet. @type {Set<Promise<void>>} */
  const publishing = new Set();
  let closing = false;

  /** @param {Request} request @param {Response} response */
  function handle(request, response) {
    const path = normalised(request);
    const target = publishTarget(path);
    response.setHeaders(HEADERS);
    if (path === '/healthz') return send(response, closing || !status.ok ? 503 : 200, status.health(closing));
    // Studio has a page of this name, which a browser asks for.
    if (path === '/metrics' && !request.headers.accept?.includes('text/html')) return metrics(response);
    if (target) {
      const done = answer(response, () => publish(request, target), log).finally(() => publishing.delete(done));
      publishing.add(done);
      return;
    }
    const allowed = gate.studio(request);
    if (allowed === 200) return studio(request, response, path);
    // A browser that is going to ask for a password comes without one first.
    if (allowed === 401 && request.headers.authorization !== undefined) unauthorised(request);
    refuse(response, allowed);
  }

  /** @param {Request} request @param {import('./publish.mjs').Target} target */
  async function publish(request, target) {
    if (request.method !== 'POST') throw new HttpError(405, `${request.method} is not allowed here: POST is`);
    if (!gate.mayPublish(request)) {
      unauthorised(request);
      throw new HttpError(401, 'the bearer token is missing or wrong');
    }
    if (closing) throw new HttpError(503, 'shutting down');
    return publisher.publish(request, target);
  }

  /** @param {Request} request */
  function unauthorised({ headers, socket, url = '' }) {
    status.unauthorised++;
    const [path] = url.split('?');
    const fault = headers.authorization === undefined ? 'no token' : 'a wrong token';
    heldBack.write('unauthorised', `${socket.remoteAddress} sent ${fault} to ${path?.slice(0, 100)}`);
  }

  /** @param {Response} response */
  function metrics(response) {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    response.end(status.prometheus(publisher.bodyBytes));
  }

  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: TIMEOUT_CHECK_MS }, handle);
  try {
    server.listen(options.port, options.host);
    await once(server, 'listening');
  } catch (error) {
    await store.close();
    throw error;
  }
  const upkeep = startUpkeep(store, options.retentionMs, log);
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

  return {
    url: urlOf(options.host, port),
    storeName: store.name,
    made,
    async close() {
      closing = true;
      server.close();
      await Promise.all(publishing);
      // Studio keeps streams open for as long as a page is.
      server.closeAllConnections();
      await upkeep.stop();
      await store.close();
      heldBack.close();
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
    // The rest of the body may never come, so the connection ends.
    if (status === 408) response.setHeader('connection', 'close');
    if (status === 503) response.setHeader('retry-after', '1');
    send(response, status, { error: message });
  }
  // The client may be gone, and then nobody reads the answer.
  await finished(response).catch(() => {});
}

/** @param {Response} response @param {401 | 403} status */
function refuse(response, status) {
  if (status === 401) response.setHeader('www-authenticate', 'Basic realm="collector", charset="UTF-8"');
  const error = status === 401 ? 'the Studio token is needed, as bearer or as password' : 'not for pages of other origins';
  send(response, status, { error });
}

/** @param {Response} response @param {number} status @param {unknown} body */
function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/**
 * The path of a request. The request is given the same spelling, so that what is decided on is what is answered.
 * @param {Request} request
 * @returns {string} '' if it makes no sense
 */
function normalised(request) {
  const { url = '' } = request;
  if (!URL.canParse(url, 'http://localhost')) return '';
  const { pathname, search } = new URL(url, 'http://localhost');
  request.url = pathname + search;
  return pathname;
}
