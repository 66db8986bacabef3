import { createServer } from 'node:http';

const PUBLISH_PATH = /^(?:\/projects\/[^/]+)?\/ai\/(spans|logs|metrics|scores|feedback)\/publish$/;

/**
 * @typedef {object} RecordedRequest
 * @property {string} method
 * @property {string} path
 * @property {string | undefined} segment  `spans`, `logs`, `metrics`, `scores` or `feedback`; undefined on other paths
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {any} body  parsed JSON, undefined if the text is not JSON
 * @property {string} text  the body as received
 * @property {number} receivedAtMs  `performance.now()` when the body was complete, milliseconds
 * @property {number} socketId  counts TCP connections from 0: the same number means the connection was reused
 * @property {number | 'reset' | 'hang' | undefined} status  what was answered; undefined until it is
 */

/**
 * @typedef {{ status?: number, headers?: Record<string, string>, body?: unknown } | 'reset' | 'hang'} Answer
 * A body that is not a string is sent as JSON. `reset` breaks the connection, `hang` never answers.
 */

/** @typedef {(requests: RecordedRequest[]) => boolean} Predicate */

/**
 * Starts an HTTP server on 127.0.0.1 that records what an exporter publishes.
 * @param {object} [options]
 * @param {(request: RecordedRequest, index: number) => Answer | Promise<Answer>} [options.answer]
 *   decides the answer to a publish request; 200 with `{}` by default. Other paths always get 404.
 * @param {number} [options.port]  0, a random free port, by default
 */
export async function startCollector({ answer = () => ({}), port = 0 } = {}) {
  /** @type {RecordedRequest[]} */
  const requests = [];
  /** @type {Set<{ predicate: Predicate, resolve: () => void, reject: (reason: unknown) => void }>} */
  const waiters = new Set();
  const socketIds = new WeakMap();
  let sockets = 0;

  const server = createServer((incoming, response) => {
    const chunks = [];
    incoming.on('data', chunk => chunks.push(chunk));
    incoming.on('end', () => {
      const request = record(incoming, Buffer.concat(chunks).toString('utf8'), socketIds.get(incoming.socket));
      requests.push(request);
      checkWaiters();
      void reply(request, requests.length - 1, response);
    });
  });
  server.on('connection', socket => socketIds.set(socket, sockets++));
  // Node would close idle connections after 5 s, a race that an exporter's next request can lose.
  server.keepAliveTimeout = 0;

  /** @param {RecordedRequest} request @param {number} index @param {import('node:http').ServerResponse} response */
  async function reply(request, index, response) {
    const result = await decide(request, index);
    if (result === 'reset') response.socket?.resetAndDestroy();
    if (result === 'reset' || result === 'hang') {
      request.status = result;
    } else {
      const { status = 200, headers = {}, body = {} } = result ?? {};
      request.status = status;
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    }
    checkWaiters();
  }

  /** @param {RecordedRequest} request @param {number} index @returns {Promise<Answer>} */
  async function decide(request, index) {
    if (request.segment === undefined) return { status: 404, body: { error: 'not a publish path' } };
    try {
      return await answer(request, index);
    } catch (error) {
      return { status: 500, body: { error: `the collector's answer function threw: ${error}` } };
    }
  }

  function checkWaiters() {
    for (const waiter of waiters) {
      try {
        if (!waiter.predicate(requests)) continue;
        waiter.resolve();
      } catch (error) {
        waiter.reject(error);
      }
      waiters.delete(waiter);
    }
  }

  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });

  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,

    /** All records of a segment in requests that were answered 2xx, in order of arrival. @param {string} segment */
    records(segment) {
      const accepted = requests.filter(({ status }) => status >= 200 && status < 300);
      return accepted.filter(request => request.segment === segment).flatMap(({ body }) => body?.[segment] ?? []);
    },

    /**
     * Resolves when the predicate holds: checked now, whenever a request is complete, and whenever one was answered.
     * @param {Predicate} predicate
     * @returns {Promise<void>}
     */
    waitFor(predicate) {
      return new Promise((resolve, reject) => {
        waiters.add({ predicate, resolve, reject });
        checkWaiters();
      });
    },

    /** Stops listening and cuts every connection, also those in the middle of a request. @returns {Promise<void>} */
    close() {
      return new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/**
 * @param {import('node:http').IncomingMessage} incoming
 * @param {string} text
 * @param {number} socketId
 * @returns {RecordedRequest}
 */
function record({ method = '', url = '', headers }, text, socketId) {
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  const segment = method === 'POST' ? PUBLISH_PATH.exec(url)?.[1] : undefined;
  const receivedAtMs = performance.now();
  return { method, path: url, segment, headers, body, text, receivedAtMs, socketId, status: undefined };
}
