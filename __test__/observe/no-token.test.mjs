// Without a token nothing is exported. One warning says so, in the application's logger.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Mastra } from '@mastra/core';
import { Observability } from '@mastra/observability';
import { CloudExporter, MastraPlatformExporter } from 'mastra-native-exporter';

import { spanEvent } from '../support/events.mjs';
import { recordingLogger } from '../support/logger.mjs';

for (const variable of ['MASTRA_CLOUD_ACCESS_TOKEN', 'MASTRA_PLATFORM_ACCESS_TOKEN']) delete process.env[variable];

const text = (name, variable) =>
  `${name} has no access token and exports nothing. Set ${variable} or the option accessToken; Mastra Platform issues tokens at https://projects.mastra.ai. To silence this, leave the exporter out where there is no token`;
const warnings = (logger) => logger.calls.filter(({ level }) => level === 'warn').map(({ args }) => args[0]);

for (const [Exporter, name, variable] of [
  [CloudExporter, 'CloudExporter', 'MASTRA_CLOUD_ACCESS_TOKEN'],
  [MastraPlatformExporter, 'MastraPlatformExporter', 'MASTRA_PLATFORM_ACCESS_TOKEN'],
]) {
  describe(`${name} without a token`, () => {
    test('warns in the logger of the application, once', async () => {
      const [own, application] = [recordingLogger(), recordingLogger()];
      const exporter = new Exporter({ logger: own });
      const observability = new Observability({ configs: { app: { serviceName: 'app', exporters: [exporter] } } });
      new Mastra({ observability, logger: application });
      await exporter.exportTracingEvent(spanEvent());
      await exporter.onLogEvent({ log: {} });
      assert.deepEqual(warnings(application).filter((line) => line.startsWith(name)), [text(name, variable)]);
      assert.deepEqual(warnings(own), []);
    });

    for (const [event, send] of [
      ['span', (exporter) => exporter.exportTracingEvent(spanEvent())],
      ['span of the bus', (exporter) => exporter.onTracingEvent(spanEvent())],
      ['log', (exporter) => exporter.onLogEvent({ log: {} })],
    ]) {
      test(`warns at the first ${event} where there is no Mastra`, async () => {
        const logger = recordingLogger();
        const exporter = new Exporter({ logger });
        assert.deepEqual(warnings(logger), []);
        await send(exporter);
        await send(exporter);
        assert.deepEqual(warnings(logger), [text(name, variable)]);
      });
    }
  });
}
