import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { spawnCollector } from '../../scripts/collector.mjs';

/**
 * Starts the collector with Mastra Studio on a free port; its data is gone when it ends.
 * @param {string} token
 * @returns {Promise<{ endpoint: string, ended: Promise<unknown> }>}
 */
export async function startStudio(token) {
  const collector = spawnCollector(['--port', '0', '--data', ':memory:'], {
    env: { ...process.env, MASTRA_CLOUD_ACCESS_TOKEN: token },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(collector, 'exit');
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => collector.kill(signal));
  for await (const line of createInterface({ input: collector.stdout })) {
    const endpoint = /^Mastra Studio +(http:\S+)\/traces$/.exec(line)?.[1];
    if (endpoint) return { endpoint, ended };
  }
  throw new Error('the collector did not start');
}
