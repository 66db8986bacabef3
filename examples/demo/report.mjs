/** @typedef {import('./collector.mjs').RecordedRequest} RecordedRequest */

export const SEGMENTS = ['spans', 'logs', 'metrics', 'scores', 'feedback'];

/** Columns of the terminal every line fits in. */
const WIDTH = 100;

/**
 * @param {RecordedRequest[]} requests
 * @returns {RecordedRequest[]} the requests that were not answered 2xx
 */
export function failedRequests(requests) {
  return requests.filter(({ status }) => !(status >= 200 && status < 300));
}

/**
 * What the collector accepted, per signal.
 * @param {RecordedRequest[]} requests
 * @returns {Record<string, object[]>} records by segment
 */
function acceptedRecords(requests) {
  const failed = new Set(failedRequests(requests));
  const accepted = requests.filter(request => !failed.has(request));
  const ofSegment = segment => accepted.flatMap(({ body }) => body?.[segment] ?? []);
  return Object.fromEntries(SEGMENTS.map(segment => [segment, ofSegment(segment)]));
}

/** The signals of which nothing was accepted. @param {RecordedRequest[]} requests @returns {string[]} */
export function missingSignals(requests) {
  const records = acceptedRecords(requests);
  return SEGMENTS.filter(segment => records[segment].length === 0);
}

/**
 * A table of the requests of each signal: how many, with how many accepted records, bytes of body, and answers.
 * @param {RecordedRequest[]} requests
 */
function requestTable(requests) {
  const records = acceptedRecords(requests);
  const bytesOf = list => list.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  const rows = SEGMENTS.map(segment => {
    const own = requests.filter(request => request.segment === segment);
    const answers = countBy(own.map(({ status }) => status ?? 'none'));
    return [segment, own.length, records[segment].length, bytesOf(own), answers];
  });
  const sum = column => rows.reduce((total, row) => total + row[column], 0);
  const body = [...rows, ['total', sum(1), sum(2), sum(3), '']];
  const lines = body.map(row => row.map(cell => (typeof cell === 'number' ? cell.toLocaleString('en-US') : cell)));
  return [['signal', 'requests', 'records', 'bytes', 'answers'], ...lines]
    .map(([signal, ...numbers]) => {
      const answers = numbers.pop();
      return `  ${signal.padEnd(8)}${numbers.map(cell => cell.padStart(11)).join('')}   ${answers}`.trimEnd();
    })
    .join('\n');
}

/** @param {(string | number)[]} values @returns {string} e.g. `200 ×2, 503` */
function countBy(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([value, count]) => (count === 1 ? `${value}` : `${value} ×${count}`)).join(', ');
}

/**
 * Every trace as a tree of its spans, in the order the traces started.
 * @param {any[]} spans  records of the segment `spans`
 */
function traceTrees(spans) {
  const traces = new Map();
  for (const span of spans) traces.set(span.traceId, [...(traces.get(span.traceId) ?? []), span]);
  return [...traces.values()]
    .map(trace => trace.toSorted(byStart))
    .sort(([a], [b]) => byStart(a, b))
    .map(traceTree)
    .join('\n\n');
}

/** @param {any[]} spans  of one trace, by start @returns {string} */
function traceTree(spans) {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const lines = [`  trace ${spans[0].traceId}`];
  /** @param {any[]} siblings @param {string} indent */
  const walk = (siblings, indent) => {
    siblings.forEach((span, i) => {
      const last = i === siblings.length - 1;
      lines.push(spanLine(span, `${indent}${last ? '└─ ' : '├─ '}`));
      walk(spans.filter(({ parentSpanId }) => parentSpanId === span.spanId), `${indent}${last ? '   ' : '│  '}`);
    });
  };
  // A span whose parent was not exported (internal, or filtered out) is shown as a root.
  walk(spans.filter(({ parentSpanId }) => !ids.has(parentSpanId)), '  ');
  return lines.join('\n');
}

/** @param {any} span @param {string} branch @returns {string} */
function spanLine({ name, spanType, startedAt, endedAt, attributes, error }, branch) {
  const ms = endedAt ? `${Date.parse(endedAt) - Date.parse(startedAt) || '<1'} ms` : 'open';
  const { inputTokens, outputTokens } = attributes?.usage ?? {};
  const tokens = inputTokens === undefined ? '' : `${inputTokens} in + ${outputTokens} out tokens`;
  const note = error ? `✗ ${oneLine(error.message ?? 'error')}` : tokens;
  const columns = `${cut(branch + name, 44).padEnd(44)}  ${spanType.padEnd(17)}${ms.padStart(8)}`;
  return cut(`${columns}   ${note}`, WIDTH).trimEnd();
}

/** @param {any} a @param {any} b @returns {number} */
function byStart(a, b) {
  return Date.parse(a.startedAt) - Date.parse(b.startedAt);
}

/** @param {string} text @returns {string} */
export function oneLine(text) {
  return text.split('\n', 1)[0];
}

/** @param {string} text @param {number} width @returns {string} */
export function cut(text, width) {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/**
 * The whole report: the table of requests, then the traces.
 * @param {RecordedRequest[]} requests
 */
export function report(requests) {
  const { spans } = acceptedRecords(requests);
  const traces = spans.length === 0 ? '' : `\n\nTraces\n\n${traceTrees(spans)}`;
  return `What the collector received\n\n${requestTable(requests)}${traces}`;
}
