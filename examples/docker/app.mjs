// A web server in a container. What it exports waits in the volume of the spool until a collector has taken it.
import { createServer } from 'node:http';

import { SpanType } from '@mastra/core/observability';
import { Observability } from '@mastra/observability';
import { MastraPlatformExporter } from 'mastra-native-exporter';

// compose.yaml names the directory, in MASTRA_NATIVE_SPOOL_DIRECTORY.
const exporter = new MastraPlatformExporter();
const observability = new Observability({ configs: { web: { serviceName: 'web', exporters: [exporter] } } });

const server = createServer((request, response) => {
  const span = observability.getDefaultInstance().startSpan({ type: SpanType.GENERIC, name: 'request', input: { url: request.url } });
  span.end({ output: 'Hello' });
  response.end('Hello\n');
});
server.listen(Number(process.env.PORT ?? 3000), () => console.log(`http://localhost:${server.address().port}`));

process.once('SIGTERM', () => {
  server.close(async () => {
    await observability.shutdown();
    const { delivered, spooled } = exporter.stats().traces;
    console.log(`spans: ${delivered} delivered, ${spooled} kept for the next start`);
  });
});
