// A Mastra application for the browser to look at: an agent whose tool fails, and a workflow.
import { Agent } from '@mastra/core/agent';
import { ConsoleLogger } from '@mastra/core/logger';
import { Mastra } from '@mastra/core/mastra';
import { InMemoryStore } from '@mastra/core/storage';
import { createTool } from '@mastra/core/tools';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { Observability } from '@mastra/observability';
import { z } from 'zod';

import { createLocalModel } from '../../../examples/demo/model.mjs';

const orderSchema = z.object({ orderId: z.string() });
const noticeSchema = z.object({ notice: z.string() });

/**
 * Runs the application once, and shuts it down.
 * @param {string} serviceName
 * @param {object} exporter
 * @param {Record<string, unknown>} [metadata]  of each run
 * @returns {Promise<{ agent: string, failed: string, workflow: string, broken: string }>} the ids of the traces
 */
export async function runShop(serviceName, exporter, metadata) {
  const lookUpOrder = createTool({
    id: 'lookUpOrder',
    description: 'Looks up where an order is.',
    inputSchema: orderSchema,
    execute: async ({ orderId }) => {
      if (orderId === 'A-9999') throw new Error(`the warehouse does not know ${orderId}`);
      return { status: 'in transit', etaDays: 2 };
    },
  });
  const notify = createStep({
    id: 'notify',
    inputSchema: orderSchema,
    outputSchema: noticeSchema,
    execute: async ({ inputData: { orderId } }) => {
      if (orderId === 'A-9999') throw new Error(`nobody to tell about ${orderId}`);
      return { notice: `${orderId} is on its way` };
    },
  });
  const observability = new Observability({ configs: { default: { serviceName, exporters: [exporter] } } });
  const mastra = new Mastra({
    agents: {
      support: new Agent({
        id: 'support', name: 'support', instructions: 'Look the order up.', model: createLocalModel(), tools: { lookUpOrder },
      }),
    },
    workflows: {
      delivery: createWorkflow({ id: 'delivery', inputSchema: orderSchema, outputSchema: noticeSchema }).then(notify).commit(),
    },
    storage: new InMemoryStore(),
    observability,
    logger: new ConsoleLogger({ name: serviceName, level: 'silent' }),
  });
  const tracingOptions = metadata && { metadata };
  const ask = question => mastra.getAgent('support').generate(`${question} (${serviceName})`, { tracingOptions });
  const deliver = async orderId => {
    const run = await mastra.getWorkflow('delivery').createRun();
    return (await run.start({ inputData: { orderId }, tracingOptions })).traceId;
  };

  const answer = await ask('Where is order A-1001?');
  const target = { traceId: answer.traceId, correlationContext: { traceId: answer.traceId, entityName: 'support' } };
  const score = { scorerId: 'mentions-status', scoreSource: 'automated', score: 1, reason: 'it names the status' };
  const feedback = { feedbackSource: 'user', feedbackType: 'rating', value: 5, comment: `Quick, ${serviceName}.` };
  await observability.addScore({ ...target, spanId: answer.spanId, score });
  await observability.addFeedback({ ...target, feedback });
  const ids = {
    agent: answer.traceId,
    failed: (await ask('Where is order A-9999?')).traceId,
    workflow: await deliver('A-1001'),
    broken: await deliver('A-9999'),
  };
  await mastra.shutdown();
  return ids;
}
