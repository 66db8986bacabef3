// Runs one scenario with the exporter of @mastra/core 0.24.9 and with ours, each with a server and a logger of its own.
import { NEVER_MS, withoutCreatedAt } from './both.mjs';
import { withEnv } from './env.mjs';
import { recordingLogger } from './logger.mjs';
import { within } from './deadline.mjs';
import { startServer } from './server.mjs';

const at = (ms) => new Date(Date.UTC(2026, 0, 2, 3, 4, 5) + ms);
const makeSpan = (more) => ({
  id: 'span-1', traceId: 'trace-1', name: 'agent run', type: 'agent_run', isEvent: false, isRootSpan: true, startTime: at(0), endTime: at(250),
  attributes: { agentId: 'weather' }, metadata: { runId: 'r' }, input: [{ role: 'user', content: 'Zürich?' }], output: { text: '☀️' }, ...more,
});
export const ended = (more) => ({ type: 'span_ended', exportedSpan: makeSpan(more) });

// `options` and `env` may be functions of the server's url; `answer` gives the status of each request; `subclass` makes a
// class of that under test.
export async function both({ CloudExporter, PeerExporter, MastraError }, { subclass = (Exporter) => Exporter, options = {}, env = {}, answer = () => 200, drive, shutdown = true }) {
  const run = async (Exporter) => {
    const server = await startServer((request, response, index) => response.writeHead(answer(index)).end('{}'));
    const logger = recordingLogger();
    try {
      const given = { accessToken: 'token', endpoint: `${server.url}/ai/spans/publish`, maxBatchWaitMs: NEVER_MS, maxRetries: 1, logger };
      const resolve = (values) => (typeof values === 'function' ? values(server.url) : values);
      const exporter = withEnv(resolve(env), () => new (subclass(Exporter))({ ...given, ...resolve(options) }));
      const scenario = async () => {
        const result = await drive(exporter, { logger, server });
        if (shutdown) await exporter.shutdown();
        return result;
      };
      const result = await within(scenario(), () => JSON.stringify(logger.calls));
      const requests = server.requests.map(({ method, path, headers, text }) => (
        [method, path, headers.authorization, headers['content-type'], withoutCreatedAt(text)]
      ));
      return { ...(result !== undefined && { result }), requests, calls: logger.calls.map((call) => comparable(call, MastraError)) };
    } finally {
      await server.close();
    }
  };
  const [peer, ours] = await Promise.all([run(PeerExporter), run(CloudExporter)]);
  return { peer, ours };
}

function comparable({ level, args: [first, fields] }, MastraError) {
  const plain = (value) => {
    if (value instanceof MastraError) {
      const { id, domain, category, details, cause } = value;
      return { id, domain, category, details, cause: cause?.message };
    }
    return value && 'durationMs' in value ? { ...value, durationMs: typeof value.durationMs } : value;
  };
  return [level, typeof first === 'string' ? first : plain(first), plain(fields)];
}
