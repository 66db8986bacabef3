import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { getRequestListener } from '@hono/node-server';
import { ConsoleLogger } from '@mastra/core/logger';
import { Mastra } from '@mastra/core/mastra';
import { InMemoryStore, MastraCompositeStore } from '@mastra/core/storage';
import { createHonoServer } from '@mastra/deployer/server';

import { allMetrics } from './all-metrics.mjs';
import { elsewhere } from './elsewhere.mjs';
import { kindOf } from './routes.mjs';
import { ScoresOfObservability } from './scores.mjs';
import { scorersOf } from './scorers.mjs';
import { decoded } from './text.mjs';

/** @typedef {import('node:http').IncomingMessage} Request */
/** @typedef {import('node:http').ServerResponse} Response */

/** The files that the collector adds to Studio's page. */
const OWN_FILES = new Map([
  ['/collector/collector.mjs', 'text/javascript'],
  ['/collector/pages.mjs', 'text/javascript'],
  ['/collector/collector.css', 'text/css'],
]);

/**
 * Mastra Studio and as much of its API as it needs over the observability of a store.
 * @param {import('@mastra/core/storage').ObservabilityStorage} observability
 * @param {(error: unknown) => void} onFault
 * @returns {Promise<(request: Request, response: Response, path: string) => void>} for requests that may see Studio
 */
export async function createStudio(observability, onFault) {
  const app = await mastraApp(observability);
  const listener = getRequestListener(app.fetch);
  const page = await studioPage(app);

  /** @param {Request} request @param {Response} response @param {string} path */
  async function handle(request, response, path) {
    const type = OWN_FILES.get(path);
    if (type) return send(response, 200, type, await readFile(new URL(`.${path.replace('collector', 'page')}`, import.meta.url)));
    switch (kindOf(request.method ?? '', path)) {
      case 'start':
        return response.writeHead(302, { location: '/traces' }).end();
      case 'page':
        if (path.startsWith('/all-metrics')) return sendPage(response, await allMetrics(observability, request.url ?? ''));
        return sendPage(response, page);
      case 'api':
        if (path.startsWith('/api/scores/scorers')) return sendScorers(response, path);
        // falls through
      case 'file':
        return listener(request, response);
      case 'elsewhere':
        return sendPage(response, elsewhere(path), 404);
      default:
        return send(response, 404, 'application/json', JSON.stringify({ error: 'a collector has no such thing' }));
    }
  }

  /** @param {Response} response @param {string} path */
  async function sendScorers(response, path) {
    const scorers = await scorersOf(observability);
    const id = decoded(path.slice('/api/scores/scorers/'.length));
    const found = id === '' ? scorers : scorers[id];
    send(response, found ? 200 : 404, 'application/json', JSON.stringify(found ?? { error: `there are no scores of ${id}` }));
  }

  return (request, response, path) => {
    handle(request, response, path).catch(error => {
      onFault(error);
      send(response, 500, 'application/json', JSON.stringify({ error: 'the store or the collector failed' }));
    });
  };
}

/** @param {import('@mastra/core/storage').ObservabilityStorage} observability */
async function mastraApp(observability) {
  Object.assign(process.env, {
    MASTRA_TELEMETRY_DISABLED: '1',
    MASTRA_STUDIO_PATH: join(dirname(createRequire(import.meta.url).resolve('mastra/package.json')), 'dist', 'studio'),
    // The page sends requests to the server it came from, whatever name that has behind a load balancer.
    MASTRA_AUTO_DETECT_URL: 'true',
    MASTRA_HIDE_CLOUD_CTA: 'true',
  });
  const storage = new MastraCompositeStore({
    id: 'collector',
    // Studio's data about applications that it runs itself. There are none here, and no route leads to this data.
    default: new InMemoryStore(),
    domains: { observability, scores: new ScoresOfObservability(observability) },
  });
  const mastra = new Mastra({
    storage,
    logger: new ConsoleLogger({ name: 'studio', level: 'error' }),
    // Mastra's default lets the pages of any other site read the API.
    server: { cors: false },
  });
  // `createNodeServer` is not used: it listens by itself before it can be put behind the authentication, and handles
  // signals.
  return createHonoServer(mastra, { tools: {}, studio: true, browserStream: false });
}

/** Studio's page, which is the same for every path, with the collector's additions. @param {{ fetch: Function }} app */
async function studioPage(app) {
  const html = await (await app.fetch(new Request('http://localhost/traces'))).text();
  const own =
    '<link rel="stylesheet" href="/collector/collector.css">' +
    '<script type="module" src="/collector/collector.mjs"></script>';
  return html.replace('<script', `${own}<script`);
}

/** @param {Response} response @param {string} html @param {number} [status] */
function sendPage(response, html, status = 200) {
  response.setHeader('content-security-policy', contentSecurityPolicy(html));
  send(response, status, 'text/html; charset=utf-8', html);
}

/**
 * The page may load what it came with and ask where it came from. No picture of another host either: the text of a
 * trace may hold its address, which would tell that host who reads it.
 * @param {string} html
 */
function contentSecurityPolicy(html) {
  const inline = [...html.matchAll(/<script>([^]*?)<\/script>/g)].map(([, script = '']) => script);
  const hashes = inline.map(script => `'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  return [
    "default-src 'none'",
    `script-src 'self' ${hashes.join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** @param {Response} response @param {number} status @param {string} type @param {string | Buffer} body */
function send(response, status, type, body) {
  if (response.headersSent) return;
  response.writeHead(status, { 'content-type': type }).end(body);
}
