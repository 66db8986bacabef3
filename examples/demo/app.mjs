import { Agent } from '@mastra/core/agent';
import { ConsoleLogger } from '@mastra/core/logger';
import { Mastra } from '@mastra/core/mastra';
import { InMemoryStore } from '@mastra/core/storage';
import { createTool } from '@mastra/core/tools';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { Observability } from '@mastra/observability';
import { z } from 'zod';

import { createLocalModel } from './model.mjs';

const ORDERS = { 'A-1001': { status: 'in transit', etaDays: 2 }, 'A-1002': { status: 'packed', etaDays: 4 } };

const orderSchema = z.object({ orderId: z.string() });
const statusSchema = z.object({ status: z.string(), etaDays: z.number() });
const noticeSchema = z.object({ notice: z.string() });

/** A tool that logs and measures inside its own span. */
const createLookUpOrder = () => createTool({
  id: 'lookUpOrder',
  description: 'Looks up where an order is.',
  inputSchema: orderSchema,
  outputSchema: statusSchema,
  execute: async ({ orderId }, { loggerVNext, metrics }) => {
    loggerVNext.info('order looked up', { orderId });
    metrics.emit('demo_order_lookups', 1, { warehouse: 'north' });
    return ORDERS[orderId] ?? { status: 'unknown', etaDays: 0 };
  },
});

/** Two steps; the first one throws for an order that does not exist, so that a trace with an error exists too. */
function createDeliveryWorkflow() {
  const findOrder = createStep({
    id: 'find-order',
    inputSchema: orderSchema,
    outputSchema: statusSchema,
    execute: async ({ inputData, loggerVNext }) => {
      const order = ORDERS[inputData.orderId];
      if (!order) throw new Error(`no order ${inputData.orderId}`);
      loggerVNext.info('order found', { ...order });
      return order;
    },
  });
  const writeNotice = createStep({
    id: 'write-notice',
    inputSchema: statusSchema,
    outputSchema: noticeSchema,
    execute: async ({ inputData, metrics }) => {
      metrics.emit('demo_notice_eta_days', inputData.etaDays);
      return { notice: `Your order is ${inputData.status}.` };
    },
  });
  return createWorkflow({ id: 'delivery-notice', inputSchema: orderSchema, outputSchema: noticeSchema })
    .then(findOrder)
    .then(writeNotice)
    .commit();
}

const createObservability = (exporters) => new Observability({
  configs: { default: { serviceName: 'support-demo', exporters, logging: { level: 'info' } } },
});

/**
 * A small support application: an agent with a tool, and a workflow.
 * @param {object} options
 * @param {object[]} [options.exporters]  Mastra observability exporters, at least one
 * @param {Observability} [options.observability]  in place of one with `exporters`
 * @param {object} [options.logger]  Mastra's logger, also handed to the exporters by Mastra; silent by default
 * @param {object} [options.storage]  Mastra's storage; in memory by default
 */
export function createApp({
  exporters,
  observability = createObservability(exporters),
  logger = new ConsoleLogger({ name: 'demo', level: 'silent' }),
  storage = new InMemoryStore(),
}) {
  const support = new Agent({
    id: 'support',
    name: 'support',
    instructions: 'Answer questions about orders. Look the order up first.',
    model: createLocalModel(),
    tools: { lookUpOrder: createLookUpOrder() },
  });
  const mastra = new Mastra({
    agents: { support },
    workflows: { deliveryNotice: createDeliveryWorkflow() },
    storage,
    observability,
    logger,
  });

  /** Runs every part once. @returns {Promise<{ answers: string[], notices: string[], errors: string[] }>} */
  async function run() {
    const agent = mastra.getAgent('support');
    const generated = await agent.generate('Where is order A-1001?');
    await rate(generated);

    const streamed = await agent.stream('Where is order A-1002?');
    const streamedText = await streamed.text;

    const results = [];
    for (const orderId of ['A-1001', 'A-9999']) {
      const workflowRun = await mastra.getWorkflow('deliveryNotice').createRun();
      results.push(await workflowRun.start({ inputData: { orderId } }));
    }
    // Outside of any trace, as a background job of the app would do it.
    mastra.loggerVNext.info('demo run complete', { workflows: results.length });
    mastra.metrics.emit('demo_runs', 1);

    return {
      answers: [generated.text, streamedText],
      notices: results.flatMap(({ result }) => (result ? [result.notice] : [])),
      errors: results.flatMap(({ error }) => (error ? [error.message] : [])),
    };
  }

  /** Scores an answer and records what its reader thought of it. */
  async function rate({ traceId, spanId, text }) {
    // With the context given, Mastra needs no stored copy of the trace to annotate it.
    const target = { traceId, spanId, correlationContext: { traceId, spanId, entityName: 'support' } };
    const score = text.includes('in transit') ? 1 : 0;
    await observability.addScore({
      ...target,
      score: { scorerId: 'mentions-status', scoreSource: 'automated', score },
    });
    await observability.addFeedback({
      ...target,
      feedback: { feedbackSource: 'user', feedbackType: 'rating', value: 5, comment: 'Quick and to the point.' },
    });
  }

  return { mastra, observability, run };
}
