// A collector on a port of its own that is down for a while, in one of several ways. It records the requests.
import { createServer } from 'node:http';
import { startCollector } from '../../examples/demo/collector.mjs';

// Outside of the ranges from which systems take ports for outgoing connections, so that no other process gets the port
// meanwhile.
const FIRST_PORT = 20_000;
const PORTS = 10_000;

/** A port that nothing listens on, and that stays free until a test opens it. */
export async function reservedPort() {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    const server = createServer();
    const free = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue; // in use by another process
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** The time that a working collector takes for an answer. It is long enough to see requests that overlap. */
const ANSWER_MS = 10;

/**
 * A collector that is down until `recover()`. `down` is its answer until then; with 'refused' the port is closed until
 * then. `duringOutage` counts the requests of the outage. `mostAtOnce` is the largest number of requests at the same time
 * after the outage. `arrivals` counts for each span the accepted requests that contained it.
 */
export async function startOutage(down) {
  const port = await reservedPort();
  const state = { up: false, open: 0, mostAtOnce: 0, duringOutage: 0, arrivals: new Map() };
  let collector;

  const answer = async (request) => {
    if (!state.up) {
      state.duringOutage += 1;
      return down;
    }
    state.open += 1;
    state.mostAtOnce = Math.max(state.mostAtOnce, state.open);
    await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
    state.open -= 1;
    for (const { spanId } of request.body.spans) state.arrivals.set(spanId, (state.arrivals.get(spanId) ?? 0) + 1);
    return {};
  };
  const open = async () => { collector = await startCollector({ answer, port }); };
  if (down !== 'refused') await open();

  return {
    state,
    url: `http://127.0.0.1:${port}`,
    async recover() {
      state.up = true;
      if (!collector) await open();
    },
    /** Resolves when this number of different spans has been accepted. */
    arrived: (count) => collector.waitFor(() => state.arrivals.size >= count),
    close: () => collector?.close(),
  };
}
