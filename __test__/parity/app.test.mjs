import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CloudExporter as PeerExporter } from '@mastra/observability';
import { CloudExporter } from 'mastra-native-exporter';

import { createApp } from '../../examples/demo/app.mjs';
import { startCollector } from '../../examples/demo/collector.mjs';

const SEGMENTS = ['spans', 'logs', 'metrics', 'scores', 'feedback'];

/** The records of a signal without the time at which each exporter took them over. */
const received = (collector, segment) => collector.records(segment).map(({ createdAt, ...record }) => record);

test('a real Mastra app delivers the same records through the peer and through ours, side by side', async (t) => {
  const [peer, ours] = [await startCollector(), await startCollector()];
  t.after(() => Promise.all([peer.close(), ours.close()]));
  const options = (collector) => ({ accessToken: 'token', endpoint: collector.url });
  const app = createApp({ exporters: [new PeerExporter(options(peer)), new CloudExporter(options(ours))] });
  await app.run();
  await app.mastra.shutdown();

  for (const segment of SEGMENTS) {
    assert.ok(received(ours, segment).length > 0, `${segment} arrived`);
    assert.deepEqual(received(ours, segment), received(peer, segment), segment);
  }
});
