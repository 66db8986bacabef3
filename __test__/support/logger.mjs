// A Mastra logger that remembers its calls, and lets a test wait for one instead of sleeping.
import { MastraError } from '@mastra/core/error';

const LEVELS = ['debug', 'info', 'warn', 'error', 'trackException'];

export function recordingLogger() {
  const calls = [];
  const waiters = new Set();
  const logger = {};
  for (const level of LEVELS) {
    logger[level] = (...args) => {
      calls.push({ level, args });
      for (const waiter of [...waiters]) waiter();
    };
  }
  // Not enumerable, so that an exporter that copies or dumps the logger does not see the additions of the test.
  const hidden = {
    calls,
    waitFor: async (predicate) => {
      while (!predicate(calls)) {
        await new Promise((resolve) => {
          const waiter = () => {
            waiters.delete(waiter);
            resolve();
          };
          waiters.add(waiter);
        });
      }
    },
    count: (text) => calls.filter(({ args }) => args[0] === text).length,
    // Waits until a line with exactly this message was logged `times` times.
    logged: (text, times = 1) => hidden.waitFor(() => hidden.count(text) >= times),
  };
  for (const [key, value] of Object.entries(hidden)) Object.defineProperty(logger, key, { value });
  return logger;
}

/** Lines about the collector that Mastra's JavaScript exporters do not have. */
const LINES_OF_OURS = / will try again$| cannot deliver to | delivers to .* again after /;
/** Fields of our lines that those of Mastra's JavaScript exporters do not have. */
const OURS_ALONE = ['endpoint', 'attempts', 'status', 'answer', 'tokenVariable'];

// The comparable part of an error. `texts: false` leaves out texts, which each network stack words differently.
export function describeError(error, { texts = true } = {}) {
  if (!(error instanceof MastraError)) return texts ? { notMastra: error?.name, message: error?.message } : { notMastra: true };
  const { id, domain, category, details } = error;
  const common = Object.entries(details ?? {}).filter(([key]) => !OURS_ALONE.includes(key));
  const seen = { name: error.name, id, domain, category, details: Object.fromEntries(common), hasCause: error.cause !== undefined };
  if (texts) Object.assign(seen, { message: error.message, cause: error.cause?.message });
  return seen;
}

function comparableFields(fields, options) {
  if (fields instanceof Error) return describeError(fields, options);
  if (fields === null || typeof fields !== 'object') return fields;
  const copy = {};
  for (const [key, value] of Object.entries(fields)) {
    if (['endpoint', 'answer', 'tokenVariable'].includes(key)) continue;
    if (key === 'durationMs') copy[key] = Number.isFinite(value) && value >= 0 ? 'a number' : value;
    else if (key === 'cooldownMs') copy[key] = comparableCooldown(value, fields.authFailureCount);
    else copy[key] = value instanceof Error ? describeError(value, options) : value;
  }
  return copy;
}

// A cooldown: one minute, doubled by each further failure, with up to ten percent of jitter on top.
function comparableCooldown(cooldownMs, failures) {
  const targetMs = Math.min(60_000 * 2 ** (failures - 1), 900_000);
  const least = Math.max(60_000, targetMs * 0.9);
  return cooldownMs >= least && cooldownMs <= targetMs * 1.1 ? `${least}..${targetMs * 1.1}` : cooldownMs;
}

const PAUSING = /^(\w+ received an authentication failure; pausing uploads for )(\d+)s$/;

// Mastra's JavaScript exporters repeat a request that is refused for good, and say so. Ours do not repeat it.
const ONE_ATTEMPT = 'Batch upload failed after 1 attempt, dropping batch';

function comparableMessage(message, fields) {
  if (message === ONE_ATTEMPT) return 'Batch upload failed after all retries, dropping batch';
  const match = PAUSING.exec(message);
  if (!match) return message;
  // The seconds in the text are random within the jitter, but equal to those in the fields.
  return match[1] + (Number(match[2]) === Math.ceil(fields.cooldownMs / 1000) ? '<cooldownMs in seconds>' : match[2]);
}

// Log calls as plain data: durations and jitter become placeholders, errors become descriptions.
export function comparableCalls(calls, options = {}) {
  const common = calls.filter(({ args: [message] }) => !LINES_OF_OURS.test(String(message)));
  const list = common.map(({ level, args }) => {
    const [message, ...rest] = args;
    const first = message instanceof Error ? describeError(message, options) : comparableMessage(message, rest[0]);
    return { level, args: [first, ...rest.map((field) => comparableFields(field, options))] };
  });
  if (!options.unordered) return list;
  return list.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** Calls without the one line that Mastra's JavaScript exporters do not have: that there is no token. */
export const withoutTokenWarning = (calls) => calls.filter(({ args }) => !/ has no access token and exports nothing/.test(String(args[0])));
