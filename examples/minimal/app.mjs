// The smallest application: one workflow, one exporter. Says at the end what has become of its spans.
//
//   MASTRA_PLATFORM_ACCESS_TOKEN=... MASTRA_PROJECT_ID=... node app.mjs
import { Mastra } from '@mastra/core/mastra';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { Observability } from '@mastra/observability';
import { MastraPlatformExporter } from 'mastra-native-exporter';
import { z } from 'zod';

const name = z.object({ name: z.string() });
const greeting = z.object({ greeting: z.string() });
const greet = createStep({
  id: 'greet',
  inputSchema: name,
  outputSchema: greeting,
  execute: async ({ inputData }) => ({ greeting: `Hello ${inputData.name}` }),
});
const workflow = createWorkflow({ id: 'greeting', inputSchema: name, outputSchema: greeting }).then(greet).commit();

const exporter = new MastraPlatformExporter();
const mastra = new Mastra({
  workflows: { greeting: workflow },
  observability: new Observability({ configs: { default: { serviceName: 'minimal', exporters: [exporter] } } }),
});

const run = await mastra.getWorkflow('greeting').createRun();
const { status, result } = await run.start({ inputData: { name: 'Ada' } });
console.log(status, result);

await mastra.shutdown();
const { accepted, delivered, dropped } = exporter.stats().traces;
console.log(`spans: ${accepted} accepted, ${delivered} delivered`, Object.fromEntries(Object.entries(dropped).filter(([, count]) => count > 0)));
