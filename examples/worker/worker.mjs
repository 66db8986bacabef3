// A worker with an exporter of its own. It need not flush at its end: the engine outlives it.
import { parentPort } from 'node:worker_threads';

import { SpanType } from '@mastra/core/observability';
import { Observability } from '@mastra/observability';
import { MastraPlatformExporter } from 'mastra-native-exporter';

const observability = new Observability({
  configs: { worker: { serviceName: 'worker', exporters: [new MastraPlatformExporter()] } },
});

const span = observability.getDefaultInstance().startSpan({ type: SpanType.GENERIC, name: 'job' });
span.end({ output: 'done' });
parentPort.postMessage('the worker has ended its span');
