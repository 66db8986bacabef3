import { types } from 'node:util';

/** Deeper than this a record takes the JSON path; the engine reads twice as deep (src/wire/transcode.rs). */
const MAX_DEPTH = 128;

const dateToJSON = Date.prototype.toJSON;
const dateToISOString = Date.prototype.toISOString;

/**
 * Whether a structured clone of `record` keeps what `JSON.stringify` writes of it: nothing but plain objects, arrays,
 * Dates and primitives, and none of them with a `toJSON` of its own. Answers about how many characters are in it, or -1
 * when it is not so, when that is over `maxChars`, or when it is nested deeply (every cycle is).
 *
 * Throws what the record's getters throw.
 */
export function plainSize(record: object, maxChars: number): number {
  if ('toJSON' in Object.prototype || 'toJSON' in Array.prototype || !isPlainObject(record)) return -1;
  const left = afterMembers(record, maxChars, 0);
  return left < 0 ? -1 : maxChars - left;
}

/** What is left of the budget after a value; negative when it is used up or the value is not plain. */
function afterValue(value: unknown, left: number, depth: number): number {
  switch (typeof value) {
    case 'string':
      return left - value.length;
    case 'object':
      return value === null ? left - 1 : afterObject(value, left - 2, depth);
    case 'number':
    case 'boolean':
    case 'undefined':
      return left - 1;
    default:
      return -1;
  }
}

function afterObject(value: object, left: number, depth: number): number {
  if (depth > MAX_DEPTH) return -1;
  if (isPlainObject(value)) return afterMembers(value, left, depth);
  if (Array.isArray(value)) return afterElements(value, left, depth);
  const isDate = types.isDate(value) && value.toJSON === dateToJSON && value.toISOString === dateToISOString;
  return isDate ? left : -1;
}

function afterMembers(value: object, budget: number, depth: number): number {
  let left = budget;
  for (const key in value) {
    left = afterValue((value as Record<string, unknown>)[key], left - key.length, depth + 1);
    if (left < 0) return -1;
  }
  return left;
}

function afterElements(array: unknown[], budget: number, depth: number): number {
  if (Object.getPrototypeOf(array) !== Array.prototype || 'toJSON' in array) return -1;
  let left = budget;
  for (let index = 0; index < array.length; index += 1) {
    left = afterValue(array[index], left, depth + 1);
    if (left < 0) return -1;
  }
  return left;
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
