// What Mastra's SensitiveDataFilter removes from spans is in no request and no log line, as with the JavaScript exporters.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';

import { Mastra } from '@mastra/core/mastra';
import { Observability, SensitiveDataFilter } from '@mastra/observability';

import { startCollector } from '../../examples/demo/collector.mjs';
import { recordingLogger } from '../support/logger.mjs';
import { SIDES } from '../support/sides.mjs';

const SECRET = 'hunter2-is-the-secret';
const PLACES = ['input', 'output', 'attributes', 'metadata'];

/** What a collector gets of one span that has the secret in each of the places. */
async function exported(Exporter, processors) {
  const collector = await startCollector();
  const logger = recordingLogger();
  const exporter = new Exporter({ accessToken: 't', endpoint: collector.url, logger, logLevel: 'debug' });
  const config = { serviceName: 'app', exporters: [exporter], spanOutputProcessors: processors };
  const mastra = new Mastra({ observability: new Observability({ configs: { app: config }, sensitiveDataFilter: false }), logger: false });
  try {
    const held = { password: SECRET, nested: [{ apiKey: SECRET }], note: 'kept' };
    const span = mastra.observability.getSelectedInstance({}).startSpan({ type: 'generic', name: 'login', input: held, attributes: held, metadata: held });
    span.end({ output: held });
    await mastra.shutdown();
    const text = collector.requests.map((request) => request.text).join('\n');
    const [record] = collector.records('spans');
    return { text, lines: inspect(logger.calls, { depth: 9 }), places: PLACES.map((place) => record[place]) };
  } finally {
    await collector.close();
  }
}

describe('SensitiveDataFilter', () => {
  for (const [kind, { peer, ours }] of Object.entries(SIDES)) {
    test(kind, async () => {
      const [theirs, own] = await Promise.all([peer, ours].map((Exporter) => exported(Exporter, [new SensitiveDataFilter()])));
      assert.ok(!own.text.includes(SECRET) && !own.lines.includes(SECRET));
      assert.ok(own.places.every(({ note }) => note === 'kept'));
      assert.deepEqual(own.places, theirs.places);
    });
  }
});
