// The recording collector on a thread of its own, so that its work is not in the application's event loop.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';

import { startCollector } from './collector.mjs';

/** Starts the thread. `stop()` ends it and answers the requests that it has recorded. */
export async function startCollectorThread() {
  const worker = new Worker(fileURLToPath(import.meta.url));
  const [url] = await once(worker, 'message');
  return {
    url,
    /** @returns {Promise<import('./collector.mjs').RecordedRequest[]>} */
    async stop() {
      worker.postMessage('stop');
      const [requests] = await once(worker, 'message');
      return requests;
    },
  };
}

if (!isMainThread) {
  const collector = await startCollector();
  parentPort.once('message', async () => {
    parentPort.postMessage(collector.requests);
    await collector.close();
  });
  parentPort.postMessage(collector.url);
}
