// Spans that differ in every field, from a seed.

/** @param {number} seed @returns {() => number} from 0 up to 1, the same sequence for the same seed (mulberry32) */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const TEXTS = ['', ' ', 'plain', "it's", 'a "quoted" \\ text', 'line\nbreak\ttab', 'ünï😀', 'null', '0', '$1 ? :x', '\u2028', 'x'.repeat(3000)];
const NUMBERS = [0, -0, 1, -1, 0.1, 1e21, 1e-7, 2 ** 31, 2 ** 53, Number.MAX_VALUE];
const TYPES = ['agent_run', 'model_step', 'tool_call', 'workflow_run', 'generic'];
const ENTITIES = ['agent', 'workflow_run', 'tool'];

/** A span as exporters send it. @param {number} seed @returns {Record<string, any>} */
export function variedSpan(seed) {
  const random = randomFrom(seed);
  const pick = list => list[Math.floor(random() * list.length)];
  const maybe = make => (random() < 0.5 ? make() : pick([undefined, null]));
  const hex = length => Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('');
  const text = () => pick(TEXTS);
  const value = (depth = 0) => {
    const kind = random();
    if (kind < 0.35) return text();
    if (kind < 0.55) return pick(NUMBERS);
    if (kind < 0.7 || depth > 3) return pick([true, false, null]);
    if (kind < 0.85) return Array.from({ length: Math.floor(random() * 4) }, () => value(depth + 1));
    return Object.fromEntries(Array.from({ length: Math.floor(random() * 4) }, (_, i) => [`${text().slice(0, 20)}${i}`, value(depth + 1)]));
  };
  const object = () => ({ [`key${seed % 7}`]: value(), other: value() });
  const startedAt = Date.now() - Math.floor(random() * 3_600_000);
  const isEvent = random() < 0.1;
  const endedAt = isEvent ? startedAt : startedAt + Math.floor(random() * 10_000);
  const running = random() < 0.15;
  const spanId = hex(16);
  const names = ['userId', 'organizationId', 'resourceId', 'runId', 'sessionId', 'threadId', 'requestId', 'environment', 'source', 'serviceName', 'experimentId', 'entityVersionId'];
  return {
    spanId,
    id: spanId,
    traceId: hex(32),
    parentSpanId: maybe(() => hex(16)),
    name: text() || 'name',
    spanType: pick(TYPES),
    isEvent,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: running ? null : new Date(endedAt).toISOString(),
    entityType: maybe(() => pick(ENTITIES)),
    entityId: maybe(text),
    entityName: maybe(text),
    input: maybe(value),
    output: maybe(value),
    attributes: maybe(object),
    metadata: maybe(() => ({ ...object(), ...Object.fromEntries(names.filter(() => random() < 0.5).map(name => [name, `${name}-${seed % 5}`])) })),
    tags: maybe(() => [text(), 'tag']),
    links: maybe(() => [{ traceId: hex(32), spanId: hex(16) }]),
    errorInfo: random() < 0.2 ? { message: text(), id: 'ERROR', details: object() } : undefined,
    requestContext: maybe(object),
    scope: maybe(object),
    parentEntityVersionId: maybe(text),
    rootEntityVersionId: maybe(text),
  };
}
