// A process that loads the package from two places, each with its own binary: both deliver at every kind of end.
import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { startCollector } from '../../examples/demo/collector.mjs';
import { BINARY, makeInstallation } from '../support/installation.mjs';

const APP = `
  import * as one from 'mastra-native-exporter';
  const { SECOND, URL: endpoint, THEN } = process.env;
  const two = await import(SECOND);
  if (one.nativeBinding.path === two.nativeBinding.path) throw new Error('the same binary twice');
  const exporters = [one, two].map(({ CloudExporter }) => new CloudExporter({ accessToken: 't', endpoint, maxBatchWaitMs: 3_600_000 }));
  await Promise.all(exporters.map((exporter, index) => exporter.exportTracingEvent({
    type: 'span_ended',
    exportedSpan: { id: 's' + index, traceId: 't', name: 'n', type: 'agent_run', startTime: new Date() },
  })));
  if (THEN === 'flush') await Promise.all(exporters.map((exporter) => exporter.flush()));
  if (THEN === 'exit') process.exit(3);
  if (THEN === 'signal') process.kill(process.pid, 'SIGTERM');
`;

describe('loaded from two places', { concurrency: 2 }, () => {
  let places;
  before(() => {
    places = [APP, ''].map((app) => makeInstallation({ binary: { copy: BINARY }, files: { 'app.mjs': app } }));
  });
  after(() => places.forEach((place) => place.remove()));

  // [how the process ends, exit code, signal]
  const ENDS = [
    ['flush', 0, null],
    ['end', 0, null],
    ['exit', 3, null],
    ['signal', null, 'SIGTERM'],
  ];
  for (const [then, code, signal] of ENDS) {
    test(then, async () => {
      const collector = await startCollector();
      try {
        const SECOND = pathToFileURL(`${places[1].directory}/node_modules/mastra-native-exporter/dist/index.js`).href;
        const result = await places[0].run('app.mjs', { URL: collector.url, THEN: then, SECOND });
        assert.deepEqual([result.code, result.signal], [code, signal], result.stderr);
        assert.deepEqual(collector.records('spans').map(({ id }) => id).sort(), ['s0', 's1']);
      } finally {
        await collector.close();
      }
    });
  }
});
