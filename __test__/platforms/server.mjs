// A collector that keeps requests as bytes, with a given list of first answers, and TLS if wanted.
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';

/** @typedef {{ headers: import('node:http').IncomingHttpHeaders, body: Buffer, status: number }} Request */

/** @param {{ answers: number[], certificates?: { key: Buffer, cert: Buffer } }} options */
export async function startServer({ answers, certificates }) {
  /** @type {Request[]} */
  const requests = [];
  const state = { isDown: false };
  const onRequest = (incoming, response) => {
    const chunks = [];
    incoming.on('data', (chunk) => chunks.push(chunk));
    incoming.on('end', () => {
      const status = state.isDown ? 503 : answers[requests.length] ?? 200;
      requests.push({ headers: incoming.headers, body: Buffer.concat(chunks), status });
      response.writeHead(status).end('{}');
    });
  };
  const server = certificates ? https.createServer(certificates, onRequest) : http.createServer(onRequest);
  // Node would close idle connections after 5 s, a race that the next request can lose.
  server.keepAliveTimeout = 0;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    // The certificate is for this name.
    url: `${certificates ? 'https://localhost' : 'http://127.0.0.1'}:${server.address().port}`,
    requests,
    /** While `isDown` every answer is 503. */
    state,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
