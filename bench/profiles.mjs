// The spans that are exported. Each call makes a new span of new objects, as Mastra does, so that neither exporter
// profits from objects that V8 knows. Sizes are bytes of JSON of the record that is sent.
import { createApp } from '../examples/demo/app.mjs';

const WORDS = 'The customer asked where the order is and the agent looked it up in the warehouse system. ';
const KANJI = '注文の状況を確認したところ、商品は北倉庫から発送済みです。';

/** `length` characters of text that differ from call to call, as text of real spans does. */
function text(length, number, words = WORDS) {
  return `${number} ${words.repeat(Math.ceil(length / words.length))}`.slice(0, length);
}

/** A span of a model call with `messages` of `length` characters each. */
function generation(number, messages, length, words) {
  const startMs = 1_790_000_000_000 + number;
  return {
    id: `a3ce929d0e${number}`,
    traceId: `4bf92f3577b34da6a3ce929d0e${number >> 4}`,
    parentSpanId: `00f067aa0b${number}`,
    name: "llm: 'gpt-5'",
    type: 'model_generation',
    entityType: 'agent',
    entityId: 'support',
    entityName: 'Support',
    isEvent: false,
    isRootSpan: false,
    startTime: new Date(startMs),
    endTime: new Date(startMs + 1250),
    attributes: {
      model: 'gpt-5',
      provider: 'openai.responses',
      streaming: false,
      usage: { inputTokens: 900 + (number % 100), outputTokens: 48, inputDetails: { cacheRead: 256, text: 644.5 } },
      parameters: { temperature: 0.7, maxOutputTokens: 1024 },
      finishReason: 'stop',
    },
    metadata: { runId: `run-${number}`, resourceId: 'customer-7', threadId: `thread-${number >> 2}` },
    tags: ['support', 'eu'],
    input: Array.from({ length: messages }, (_, index) => ({
      role: index % 2 === 0 ? 'user' : 'assistant',
      content: [{ type: 'text', text: text(length, number + index, words) }],
    })),
    output: { text: text(Math.min(length, 400), number, words), toolCalls: [], warnings: undefined },
  };
}

/** By name: how to make the span of a number, and how many of them a run exports. */
export const PROFILES = {
  tiny: { make: (number) => generation(number, 1, 150), spans: 20_000 },
  typical: { make: (number) => generation(number, 2, 400), spans: 20_000 },
  large: { make: (number) => generation(number, 20, 620), spans: 5_000 },
  unicode: { make: (number) => generation(number, 8, 400, KANJI), spans: 5_000 },
  huge: { make: (number) => generation(number, 32, 3_900), spans: 2_000 },
};

/** Spans of a real run of the demo's agent and workflow, copied for each call. */
export async function capturedProfile() {
  const spans = [];
  const exporter = {
    name: 'capture',
    onTracingEvent({ type, exportedSpan }) {
      // Neither exporter sends model chunks.
      if (type === 'span_ended' && exportedSpan.type !== 'model_chunk') spans.push(exportedSpan);
    },
    exportTracingEvent: async () => {},
    init() {},
    flush: async () => {},
    shutdown: async () => {},
  };
  const app = createApp({ exporters: [exporter] });
  await app.run();
  await app.observability.shutdown();
  return { make: (number) => copy(spans[number % spans.length]) };
}

function copy(value) {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return new Date(value);
  if (Array.isArray(value)) return value.map(copy);
  const result = {};
  for (const key in value) result[key] = copy(value[key]);
  return result;
}
