// A function on AWS Lambda: each request ends with a flush, because the platform freezes the process after it.
import { SpanType } from '@mastra/core/observability';
import { Observability } from '@mastra/observability';
import { MastraPlatformExporter } from 'mastra-native-exporter';

// Below the function's own time limit.
const exporter = new MastraPlatformExporter({ flushTimeoutMs: 3000 });
const observability = new Observability({ configs: { lambda: { serviceName: 'function', exporters: [exporter] } } });

/** @param {{ prompt: string }} event */
export async function handler(event) {
  const span = observability.getDefaultInstance().startSpan({ type: SpanType.GENERIC, name: 'request', input: event });
  try {
    const answer = { text: `You said: ${event.prompt}` };
    span.end({ output: answer });
    return answer;
  } finally {
    // Of the observability, not of the exporter: it waits first for events on their way to the exporters.
    await observability.flush();
  }
}
