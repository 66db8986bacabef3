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

export const mastra = new Mastra({
  workflows: { greeting },
  observability: new Observability({
    configs: { default: { serviceName: 'bundled', exporters: [new CloudExporter()] } },
  }),
});
