// What Mastra's bus calls for a span, and what a subclass or a spy may rely on.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CloudExporter } from 'mastra-native-exporter';

import { startCollector } from '../../examples/demo/collector.mjs';
import { makeSpan, spanEvent } from '../support/events.mjs';
import { recordingLogger } from '../support/logger.mjs';

/** Gives the bus's call to an exporter of `Exporter`; returns what it returned and the spans that arrived. */
async function through(Exporter, options = {}, prepare = () => {}) {
  const collector = await startCollector();
  const exporter = new Exporter({ accessToken: 't', endpoint: collector.url, logger: recordingLogger(), ...options });
  prepare(exporter);
  const returned = exporter.onTracingEvent(spanEvent(makeSpan('s')));
  await exporter.shutdown();
  await collector.close();
  return { returned, spans: collector.requests.flatMap(({ body }) => body.spans) };
}

test('the bus gets nothing to wait for', async () => {
  const { returned, spans } = await through(CloudExporter);
  assert.equal(returned, undefined);
  assert.deepEqual(spans.map(({ spanId }) => spanId), ['s']);
});

test('a disabled exporter takes nothing from the bus', async () => {
  const { returned, spans } = await through(CloudExporter, { accessToken: '' });
  assert.deepEqual([returned, spans], [undefined, []]);
});

test('with a formatter the bus waits for it', async () => {
  const customSpanFormatter = async (span) => ({ ...span, name: 'formatted' });
  const { returned, spans } = await through(CloudExporter, { customSpanFormatter });
  assert.ok(returned instanceof Promise);
  assert.deepEqual(spans.map(({ name }) => name), ['formatted']);
});

for (const method of ['exportTracingEvent', '_exportTracingEvent']) {
  const renamed = (event) => ({ ...event, exportedSpan: { ...event.exportedSpan, name: 'renamed' } });

  test(`a subclass's ${method} is called`, async () => {
    class Own extends CloudExporter {
      async [method](event) {
        await super[method](renamed(event));
      }
    }
    const { spans } = await through(Own);
    assert.deepEqual(spans.map(({ name }) => name), ['renamed']);
  });

  test(`a ${method} put on an instance is called`, async () => {
    const { spans } = await through(CloudExporter, {}, (exporter) => {
      const original = exporter[method].bind(exporter);
      exporter[method] = (event) => original(renamed(event));
    });
    assert.deepEqual(spans.map(({ name }) => name), ['renamed']);
  });
}
