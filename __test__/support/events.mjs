// One well-formed event per signal. Every call builds new objects, so that both sides get equal
// and separate ones.
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const at = (ms) => new Date(Date.UTC(2026, 0, 2, 3, 4, 5) + ms);

export function makeSpan(id = 'span-1', overrides = {}) {
  return {
    id,
    traceId: TRACE_ID,
    name: `agent run ${id}`,
    type: 'agent_run',
    isEvent: false,
    isRootSpan: true,
    startTime: at(0),
    endTime: at(250),
    attributes: { agentId: 'weather', maxSteps: 5 },
    metadata: { runId: `run-${id}` },
    input: [{ role: 'user', content: 'What is the weather in Zürich?' }],
    output: { text: 'Sunny ☀️', files: [] },
    ...overrides,
  };
}

export const spanEvent = (span = makeSpan(), type = 'span_ended') => ({ type, exportedSpan: span });

export const logEvent = (id = 'log-1', extra = {}) => ({
  type: 'log',
  log: {
    logId: id,
    timestamp: at(10),
    traceId: TRACE_ID,
    spanId: 'span-1',
    level: 'info',
    message: `said "hello" in ${id}`,
    data: { attempt: 1, missing: undefined },
    correlationContext: { serviceName: 'shop', tags: ['a', 'b'] },
    ...extra,
  },
});

export const metricEvent = (id = 'metric-1', extra = {}) => ({
  type: 'metric',
  metric: { metricId: id, timestamp: at(20), name: 'mastra_agent_duration_ms', value: 12.5, labels: { agent: 'weather' }, ...extra },
});

export const scoreEvent = (id = 'score-1', extra = {}) => ({
  type: 'score',
  score: { scoreId: id, timestamp: at(30), traceId: TRACE_ID, scorerId: 'tone', score: 0.75, reason: 'polite', ...extra },
});

export const feedbackEvent = (id = 'feedback-1', extra = {}) => ({
  type: 'feedback',
  feedback: { feedbackId: id, timestamp: at(40), feedbackType: 'thumbs', value: 'up', comment: undefined, ...extra },
});

// The exporter's method for each signal, and the key of its records in a body.
export const SIGNALS = {
  traces: { segment: 'spans', send: (exporter, id, extra) => exporter.exportTracingEvent(spanEvent(makeSpan(id, extra))) },
  logs: { segment: 'logs', send: (exporter, id, extra) => exporter.onLogEvent(logEvent(id, extra)) },
  metrics: { segment: 'metrics', send: (exporter, id, extra) => exporter.onMetricEvent(metricEvent(id, extra)) },
  scores: { segment: 'scores', send: (exporter, id, extra) => exporter.onScoreEvent(scoreEvent(id, extra)) },
  feedback: { segment: 'feedback', send: (exporter, id, extra) => exporter.onFeedbackEvent(feedbackEvent(id, extra)) },
};

export async function sendAll(exporter, id = 'x') {
  for (const { send } of Object.values(SIGNALS)) await send(exporter, id);
}

/** Sends one record of each signal and flushes. */
export async function flushAll({ exporter }) {
  await sendAll(exporter);
  await exporter.flush();
}

/** Sends records of one signal, called SIGNAL-0 and so on, and flushes. */
export const flushOf = (signal, count = 1) => async ({ exporter }) => {
  for (let i = 0; i < count; i++) await SIGNALS[signal].send(exporter, `${signal}-${i}`);
  await exporter.flush();
};

// The counters of an exporter, in the order of the signals.
export const signalStats = (exporter) => Object.keys(SIGNALS).map((signal) => exporter.stats()[signal]);
