import { HttpError } from './http-error.mjs';

/**
 * @typedef {object} RecordText  where a record's JSON is in a body
 * @property {number} start
 * @property {number} end
 * @property {number} values  objects, lists, strings and so on in it; an empty object or list counts as two
 * @property {number} depth  how deep it is nested
 */

/** Records a body may have. */
export const RECORDS_LIMIT = 50_000;
/** The limit on the bytes of a body beside its records. */
const ENVELOPE_LIMIT_BYTES = 64 * 1024;
/** The number of bytes between two places where the search may be interrupted. */
const STEP_BYTES = 64 * 1024;

const [QUOTE, BACKSLASH, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\,[]{}');

/**
 * Finds the records of a body without parsing them: 64 MiB of JSON can become gigabytes of objects, and take as long
 * to parse. This search does not check the text of a record; `JSON.parse` does that, one record at a time.
 * @param {Buffer} body  JSON text
 * @param {string} signal  the name of the list
 * @returns {Generator<void, RecordText[], void>}
 * @throws {HttpError} 400 if it is not JSON with such a list, 413 if it has more than `RECORDS_LIMIT` records
 */
export function* findRecords(body, signal) {
  /** @type {RecordText[]} */
  const records = [];
  /** The record that is being looked at. @type {RecordText | undefined} */
  let record;
  let [listStart, listEnd] = [-1, -1];
  let depth = 0;
  let key = '';
  let pause = STEP_BYTES;

  /** The place of the quote that begins the current string; -1 outside of strings. */
  let string = -1;

  const begin = (/** @type {number} */ start) => ({ start, end: start, values: 1, depth: 0 });
  const finish = (/** @type {number} */ end) => {
    if (record === undefined) return;
    record.end = end;
    if (body[end] === COMMA || records.length > 0 || !isBlank(body, record)) records.push(record);
    if (records.length > RECORDS_LIMIT) throw new HttpError(413, `the body has more than ${RECORDS_LIMIT} records`);
    record = undefined;
  };

  for (let at = 0; at < body.length; at++) {
    if (at >= pause) {
      pause = at + STEP_BYTES;
      yield;
    }
    if (string >= 0) {
      at = body.indexOf(QUOTE, at);
      if (at < 0) break;
      if (isEscaped(body, at)) continue;
      if (depth === 1 && at - string < 16) key = body.toString('utf8', string + 1, at);
      string = -1;
      continue;
    }
    switch (body[at]) {
      case QUOTE:
        string = at;
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        depth++;
        if (record) {
          record.values++;
          record.depth = Math.max(record.depth, depth - 2);
        } else if (depth === 2 && body[at] === OPEN_LIST && key === signal) {
          if (listStart >= 0) throw new HttpError(400, `the body has two lists "${signal}"`);
          listStart = at;
          record = begin(at + 1);
        }
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        if (depth === 2 && record) {
          finish(at);
          listEnd = at + 1;
        }
        depth--;
        break;
      case COMMA:
        if (record === undefined) break;
        if (depth > 2) {
          record.values++;
        } else {
          finish(at);
          record = begin(at + 1);
        }
        break;
    }
  }
  checkEnvelope(body, signal, listStart, listEnd);
  return records;
}

/** @param {Buffer} body @param {number} quote @returns {boolean} whether a quote within a string belongs to it */
function isEscaped(body, quote) {
  let backslashes = 0;
  while (body[quote - 1 - backslashes] === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

/** @param {Buffer} body @param {RecordText} text @returns {boolean} whether it is the nothing in an empty list */
function isBlank(body, { start, end }) {
  return end - start < STEP_BYTES && body.toString('utf8', start, end).trim() === '';
}

/** @param {Buffer} body @param {string} signal @param {number} listStart @param {number} listEnd */
function checkEnvelope(body, signal, listStart, listEnd) {
  const hasList = listStart >= 0;
  if (hasList && listEnd < 0) throw new HttpError(400, 'the body is not JSON: it ends in the middle');
  const [head, tail] = hasList ? [body.subarray(0, listStart), body.subarray(listEnd)] : [body, Buffer.alloc(0)];
  if (head.length + tail.length > ENVELOPE_LIMIT_BYTES) {
    throw new HttpError(400, `the body has ${hasList ? `more than ${ENVELOPE_LIMIT_BYTES} bytes beside its` : 'no'} list "${signal}"`);
  }
  let envelope;
  try {
    envelope = JSON.parse(`${head}${hasList ? '[]' : ''}${tail}`);
  } catch (error) {
    throw new HttpError(400, `the body is not JSON: ${/** @type {Error} */ (error).message.slice(0, 200)}`);
  }
  if (!Array.isArray(envelope?.[signal])) throw new HttpError(400, `the body has no list "${signal}"`);
}
