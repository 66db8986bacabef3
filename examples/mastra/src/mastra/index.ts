import { Mastra } from '@mastra/core/mastra';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { Observability } from '@mastra/observability';
import { CloudExporter } from 'mastra-native-exporter';
import { z } from 'zod';

const nameSchema = z.object({ name: z.string() });
const greetingSchema = z.object({ greeting: z.string() });

const greet = createStep({
  id: 'greet',
  inputSchema: nameSchema,
  outputSchema: greetingSchema,
  execute: async ({ inputData }) => ({ greeting: `Hello ${inputData.name}` }),
});
const greeting = createWorkflow({ id: 'greeting', inputSchema: nameSchema, outputSchema: greetingSchema })
  .then(greet)
  .commit();

// `mastra build` leaves all packages outside of the bundle and installs them beside it, so there is nothing to set. A
// project that lists packages itself names this one too: `bundler: { externals: ['mastra-native-exporter'] }`.
export const mastra = new Mastra({
  workflows: { greeting },
  observability: new Observability({
    configs: { default: { serviceName: 'greeter', exporters: [new CloudExporter()] } },
  }),
});
