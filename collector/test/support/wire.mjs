// Records as the exporters send them.
import { randomBytes, randomUUID } from 'node:crypto';

const hex = bytes => randomBytes(bytes).toString('hex');

/** An ended span, by default a root. @param {Record<string, unknown>} [fields] */
export function span(fields = {}) {
  const startedAt = new Date(Date.now() - 120).toISOString();
  const endedAt = new Date(Date.now() - 20).toISOString();
  const spanId = hex(8);
  return {
    id: spanId,
    spanId,
    traceId: hex(16),
    name: "agent run: 'support'",
    type: 'agent_run',
    spanType: 'agent_run',
    entityType: 'agent',
    entityId: 'support',
    entityName: 'support',
    startTime: startedAt,
    startedAt,
    endTime: endedAt,
    endedAt,
    isEvent: false,
    input: 'Where is order A-1001?',
    output: { text: 'On its way.' },
    attributes: { conversationId: 'c-1' },
    metadata: { runId: 'r-1' },
    error: null,
    createdAt: endedAt,
    updatedAt: null,
    ...fields,
  };
}

const now = () => new Date().toISOString();

/** One record of every signal but spans, of one trace. @param {string} traceId @param {string} spanId */
export function annotations(traceId, spanId) {
  const of = { traceId, spanId, timestamp: now() };
  return {
    logs: { ...of, logId: randomUUID(), level: 'info', message: 'order looked up', data: { orderId: 'A-1001' } },
    metrics: { ...of, metricId: randomUUID(), name: 'lookups', value: 1, labels: { warehouse: 'north' } },
    scores: { ...of, scoreId: randomUUID(), scorerId: 'mentions-status', scoreSource: 'automated', score: 0.5 },
    feedback: { ...of, feedbackId: randomUUID(), feedbackSource: 'user', feedbackType: 'rating', value: 5, comment: 'Quick.' },
  };
}
