import { buildRecord } from './records.mjs';
import { mayBeUnstorable, storable, text as textOf } from './text.mjs';

/** @typedef {import('./records.mjs').StoreRecord} StoreRecord */

/**
 * The limits on a record: the exporters send none larger by default, and their cleaning leaves far fewer values and
 * levels. Parsing and storing one holds the event loop.
 */
const RECORD = { bytes: 16 * 1024 * 1024, values: 50_000, depth: 500, fields: 1000 };
/** The size at which parsed records go to the store. */
const PART = { records: 1000, bytes: 4 * 1024 * 1024, values: 200_000 };

/**
 * Parses records until there are enough for the store.
 * @param {Buffer} body
 * @param {import('./record-list.mjs').RecordText[]} texts
 * @param {number} start  the first of them to parse
 * @param {object} target
 * @param {import('./records.mjs').Signal} target.signal
 * @param {string | undefined} target.projectId
 * @param {(error: unknown) => void} target.onRefused  called for each record that no store could take
 * @returns {Generator<void, { records: StoreRecord[], end: number }, void>} with the first one that is left
 */
export function* parseRecords(body, texts, start, { signal, projectId, onRefused }) {
  /** @type {StoreRecord[]} */
  const records = [];
  let [end, bytes, values] = [start, 0, 0];
  while (end < texts.length && end - start < PART.records && bytes < PART.bytes && values < PART.values) {
    const text = /** @type {import('./record-list.mjs').RecordText} */ (texts[end++]);
    bytes += text.end - text.start;
    values += text.values;
    try {
      records.push(buildRecord(signal, yield* parse(body, text), projectId));
    } catch (error) {
      onRefused(error);
    }
    yield;
  }
  return { records, end };
}

/**
 * @param {Buffer} body
 * @param {import('./record-list.mjs').RecordText} text
 * @returns {Generator<void, unknown, void>} with the value, fit for a database
 * @throws {RangeError | SyntaxError}
 */
function* parse(body, { start, end, values, depth }) {
  if (end - start > RECORD.bytes) throw new RangeError(`has ${end - start} bytes of JSON: ${RECORD.bytes} are allowed`);
  if (values > RECORD.values) throw new RangeError(`has ${values} values: ${RECORD.values} are allowed`);
  if (depth > RECORD.depth) throw new RangeError(`is nested ${depth} levels deep: ${RECORD.depth} are allowed`);
  // Each step takes up to 30 ms for the largest record.
  const json = yield* textOf(body.subarray(start, end));
  const isSuspicious = mayBeUnstorable(json);
  yield;
  const value = JSON.parse(isSuspicious ? yield* storable(json) : json);
  const fields = Object.keys(value ?? {}).length;
  if (fields > RECORD.fields) throw new RangeError(`has ${fields} fields: ${RECORD.fields} are allowed`);
  yield;
  return value;
}
