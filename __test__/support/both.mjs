// Runs one scenario with the peer and with ours, each with a server and a logger of its own.
import { startCollector } from '../../examples/demo/collector.mjs';
import { withEnv } from './env.mjs';
import { recordingLogger } from './logger.mjs';
import { within } from './deadline.mjs';
import { startServer } from './server.mjs';
import { SIDES } from './sides.mjs';

// Long enough that no batch leaves by time unless a case asks for it.
export const NEVER_MS = 3_600_000;

// A limit that only a run that hangs reaches. The error names what is missing.
const DEADLINE_MS = 15_000;

// `options` may be a function of the server's url; `ours` are options the peer does not know,
// `env` are environment variables while it is made.
// `subclass` makes a class of that under test, `configure` makes what the constructor gets of the options.
// `answer` is the collector's, `answerFor(side)` makes one per side, `handler` replaces the collector. `kind` is
// 'cloud' or 'platform'.
async function runSide(side, { kind = 'cloud', subclass = (Exporter) => Exporter, configure = (config) => config, options = {}, ours = {}, env = {}, answer, answerFor, handler, drive, shutdown = true }) {
  const answers = answerFor?.(side) ?? answer;
  const server = handler ? await startServer(handler) : await startCollector(answers && { answer: answers });
  const logger = recordingLogger();
  const config = configure({
    accessToken: 'token-1',
    endpoint: server.url,
    maxBatchWaitMs: NEVER_MS,
    logger,
    ...(typeof options === 'function' ? options(server.url) : options),
    ...(side === 'ours' ? ours : {}),
  });
  const exporter = withEnv(env, () => new (subclass(SIDES[kind][side]))(config));
  const run = async () => {
    const result = await drive({ exporter, config, logger, server, side });
    if (shutdown) await exporter.shutdown();
    return { requests: [...server.requests], calls: logger.calls, result };
  };
  try {
    return await within(run(), () => (
      `${side}: still waiting; requests: ${server.requests.map(({ path, status }) => `${path} ${status}`)}; log: ${JSON.stringify(logger.calls)}`
    ), DEADLINE_MS);
  } finally {
    await server.close();
  }
}

export async function runBoth(scenario) {
  const [peer, ours] = await Promise.all([runSide('peer', scenario), runOurs(scenario)]);
  return { peer, ours };
}

export const runOurs = (scenario) => runSide('ours', scenario);

const CREATED_AT = /"createdAt":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/g;

export const withoutCreatedAt = (text) => text.replace(CREATED_AT, '"createdAt":"<now>"');

// What a server sees of each request. The order does not depend on which request came first.
export function comparableRequests(requests) {
  const list = requests.map(({ method, path, headers, text }) => ({
    method, path, authorization: headers.authorization, contentType: headers['content-type'], text: withoutCreatedAt(text),
    capabilities: headers['x-mastra-observability-capabilities'],
  }));
  return list.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

// 'spans:3' for a request with three spans. Sorted, because several requests are in flight at the same time.
export function batchSizes(requests) {
  return requests.map(({ text }) => {
    const [[segment, records]] = Object.entries(JSON.parse(text));
    return `${segment}:${records.length}`;
  }).sort();
}
