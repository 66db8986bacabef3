/** Tokens every call of the model reports. */
const USAGE = { inputTokens: 120, outputTokens: 24, totalTokens: 144 };

/**
 * A language model that needs no network: it answers a question with a call of the tool `lookUpOrder`, and the
 * tool's result with a sentence. What it says depends on the prompt alone, so every run gives the same answers.
 * @returns an AI SDK `LanguageModelV2`
 */
export function createLocalModel() {
  return {
    specificationVersion: 'v2',
    provider: 'local',
    modelId: 'scripted-model',
    supportedUrls: {},

    async doGenerate({ prompt }) {
      const { content, finishReason } = next(prompt);
      return { content: [content], finishReason, usage: USAGE, warnings: [] };
    },

    async doStream({ prompt }) {
      const { content, finishReason } = next(prompt);
      const parts = [
        { type: 'stream-start', warnings: [] },
        ...(content.type === 'text' ? textParts(content.text) : [content]),
        { type: 'finish', finishReason, usage: USAGE },
      ];
      const stream = new ReadableStream({
        start(controller) {
          for (const part of parts) controller.enqueue(part);
          controller.close();
        },
      });
      return { stream };
    },
  };
}

/** @param {string} text @returns {object[]} one stream part per word */
function textParts(text) {
  const deltas = text.split(/(?<= )/).map(delta => ({ type: 'text-delta', id: 'text-0', delta }));
  return [{ type: 'text-start', id: 'text-0' }, ...deltas, { type: 'text-end', id: 'text-0' }];
}

/** @param {any[]} prompt  the conversation so far, as `LanguageModelV2Prompt` */
function next(prompt) {
  const last = prompt.at(-1);
  if (last.role === 'tool') {
    const { status, etaDays } = last.content[0].output.value;
    const text = `Your order is ${status} and should arrive within ${etaDays} days.`;
    return { content: { type: 'text', text }, finishReason: 'stop' };
  }
  const orderId = /\bA-\d+\b/.exec(JSON.stringify(last.content))?.[0] ?? 'A-0';
  const call = { type: 'tool-call', toolCallId: `call-${orderId}`, toolName: 'lookUpOrder' };
  return { content: { ...call, input: JSON.stringify({ orderId }) }, finishReason: 'tool-calls' };
}
