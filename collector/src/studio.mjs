import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { getRequestListener } from '@hono/node-server';
import { ConsoleLogger } from '@mastra/core/logger';
import { Mastra } from '@mastra/core/mastra';
import { InMemoryStore, MastraCompositeStore } from '@mastra/core/storage';
import { createHonoServer } from '@mastra/deployer/server';

import { ScoresOfObservability } from './scores.mjs';

/**
 * Mastra Studio and its API over the observability of a store.
 *
 * `createHonoServer` and not `createNodeServer`, which listens by itself before its listener could be put behind a
 * gate, and handles signals.
 * @param {import('@mastra/core/storage').ObservabilityStorage} observability
 * @returns {Promise<(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => void>}
 */
export async function createStudio(observability) {
  Object.assign(process.env, {
    MASTRA_TELEMETRY_DISABLED: '1',
    MASTRA_STUDIO_PATH: join(dirname(createRequire(import.meta.url).resolve('mastra/package.json')), 'dist', 'studio'),
    // The page asks the server it came from, whatever name that has behind a load balancer.
    MASTRA_AUTO_DETECT_URL: 'true',
    MASTRA_HIDE_CLOUD_CTA: 'true',
  });
  const storage = new MastraCompositeStore({
    id: 'collector',
    // What Studio keeps for applications it runs itself; there are none here.
    default: new InMemoryStore(),
    domains: { observability, scores: new ScoresOfObservability(observability) },
  });
  const mastra = new Mastra({
    storage,
    logger: new ConsoleLogger({ name: 'studio', level: 'error' }),
    // Mastra's default lets the pages of any other site read the API.
    server: { cors: false },
  });
  const app = await createHonoServer(mastra, { tools: {}, studio: true, browserStream: false });
  return getRequestListener(app.fetch);
}
