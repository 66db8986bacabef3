import { createHash } from 'node:crypto';

import {
  buildCreateSpanRecord,
  buildFeedbackRecord,
  buildLogRecord,
  buildMetricRecord,
  buildScoreRecord,
} from '@mastra/core/storage';

/** @typedef {'spans' | 'logs' | 'metrics' | 'scores' | 'feedback'} Signal  as in the path and the body of a request */
/** @typedef {Record<string, any>} WireRecord  as an exporter sends it: JSON, its dates ISO strings */
/** @typedef {Record<string, any>} StoreRecord  as Mastra's stores take it */

/** The key under which the project id of the URL is kept in a record's metadata. */
const PROJECT_KEY = 'mastraProjectId';

/**
 * The knowledge about a signal: Mastra's function that builds its record, and the fields that every store needs.
 * @type {Record<Signal, { build: (wire: any) => StoreRecord, strings: string[], numbers?: string[] }>}
 */
const SIGNALS = {
  spans: {
    // The exporters send the renamed fields beside the original ones; a formatter may have kept only the former.
    build: wire =>
      buildCreateSpanRecord({
        ...wire,
        id: wire.spanId ?? wire.id,
        type: wire.spanType ?? wire.type,
        startTime: date(wire, 'startedAt', 'startTime'),
        endTime: date(wire, 'endedAt', 'endTime'),
        errorInfo: wire.error ?? wire.errorInfo,
        isEvent: wire.isEvent === true,
      }),
    strings: ['traceId', 'spanId', 'name', 'spanType'],
  },
  logs: {
    build: log => buildLogRecord(/** @type {any} */ ({ log: stamped(log, 'logId') })),
    strings: ['logId', 'level', 'message'],
  },
  metrics: {
    build: metric =>
      buildMetricRecord(/** @type {any} */ ({ metric: { labels: {}, ...stamped(metric, 'metricId') } })),
    strings: ['metricId', 'name'],
    numbers: ['value'],
  },
  scores: {
    build: score => buildScoreRecord(/** @type {any} */ ({ score: stamped(score, 'scoreId') })),
    strings: ['scoreId', 'scorerId'],
    numbers: ['score'],
  },
  feedback: {
    build: feedback => buildFeedbackRecord(/** @type {any} */ ({ feedback: stamped(feedback, 'feedbackId') })),
    strings: ['feedbackId', 'feedbackType', 'feedbackSource'],
  },
};

/**
 * The record that Mastra's own storage exporter would store.
 * @param {Signal} signal
 * @param {unknown} wire
 * @param {string | undefined} projectId  of the URL
 * @returns {StoreRecord}
 * @throws {TypeError} if a field is missing or has the wrong type; it says which
 */
export function buildRecord(signal, wire, projectId) {
  if (!isObject(wire)) throw new TypeError('is not an object');
  const { build, strings, numbers = [] } = SIGNALS[signal];
  const record = build(wire);
  for (const field of strings) if (typeof record[field] !== 'string') throw new TypeError(`${field} is not a string`);
  for (const field of numbers) if (typeof record[field] !== 'number') throw new TypeError(`${field} is not a number`);
  const time = signal === 'spans' ? record['startedAt'] : record['timestamp'];
  if (time === undefined) throw new TypeError(`${signal === 'spans' ? 'startedAt' : 'timestamp'} is missing`);
  if (projectId === undefined) return record;
  return { ...record, metadata: { ...record['metadata'], [PROJECT_KEY]: projectId } };
}

/**
 * A record that is not a span, with its time as Date, and an id. Without an id of its own it gets one that a batch
 * sent again yields again: stores know records by their ids.
 * @param {WireRecord} wire
 * @param {string} idField
 */
function stamped(wire, idField) {
  const id = wire[idField] ?? createHash('sha256').update(JSON.stringify(wire)).digest('hex');
  return { ...wire, [idField]: id, timestamp: date(wire, 'timestamp') };
}

/**
 * @param {WireRecord} wire
 * @param {string[]} names  the first that is there counts
 * @returns {Date | undefined}
 * @throws {TypeError} if it is not a time
 */
function date(wire, ...names) {
  const name = names.find(candidate => wire[candidate] != null);
  if (name === undefined) return undefined;
  const time = new Date(wire[name]);
  if (Number.isNaN(time.getTime())) throw new TypeError(`${name} is not a time`);
  return time;
}

/** @param {unknown} value @returns {value is Record<string, any>} */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
