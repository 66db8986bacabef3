// The spans that are exported, by shape. Each call makes a new span of new objects, as Mastra does. Sizes are bytes of
// JSON of the record that is sent.
const WORDS = 'The customer asked where the order is and the agent looked it up in the warehouse system. ';
const KANJI = '注文の状況を確認したところ、商品は北倉庫から発送済みです。';

/** `length` characters of text that differ from call to call, as text of real spans does. */
function text(length, number, words = WORDS) {
  return `${number} ${words.repeat(Math.ceil(length / words.length))}`.slice(0, length);
}

/** A span of a model call with `messages` of `length` characters each. */
export function generation(number, messages, length, words = WORDS) {
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

export const tiny = (number) => generation(number, 1, 150);
export const typical = (number) => generation(number, 2, 400);
export const large = (number) => generation(number, 20, 620);
export const unicode = (number) => generation(number, 8, 400, KANJI);
export const huge = (number) => generation(number, 32, 3_900);

class Customer {
  constructor(number) {
    this.id = number;
    this.name = `Customer ${number}`;
    this.since = 2021.5;
    this.active = true;
  }
}

/** Values that are not plain data: what `JSON.stringify` makes of each is sent. */
export const ODD = {
  class: (number) => new Customer(number),
  map: (number) => new Map([['order', number]]),
  buffer: (number) => Buffer.from(`order ${number} of the day`),
  toJSON: (number) => ({ toJSON: () => `order ${number}` }),
};

/** A typical span with one value that is not plain data. */
export function mixed(number, odd) {
  const span = typical(number);
  span.metadata.odd = odd(number);
  return span;
}

/** A span with very many small objects of four values each, of about `length` characters besides the keys. */
export function many(number, objects, length, odd) {
  const span = tiny(number);
  span.input = Array.from({ length: objects }, (_, index) => ({ id: index, name: text(length, index), price: index / 4, sold: index % 3 === 0 }));
  if (odd) span.metadata.odd = odd(number);
  return span;
}

/** A span of few fields with about `bytes` of text, in parts of a kilobyte at most. */
export function sized(number, bytes) {
  const parts = Math.ceil(bytes / 1000);
  const { id, traceId, name, type, startTime, endTime } = tiny(number);
  return { id, traceId, name, type, startTime, endTime, isEvent: false, isRootSpan: false, input: Array.from({ length: parts }, (_, index) => text(bytes / parts, number + index)) };
}
