import { types } from 'node:util';

import { innerText } from './json-text.js';
import { isExtended, isPlainObject } from './plain.js';
import { type Replacements, isStackOverflow, thrownText } from './replacements.js';
import { TextTooLongError, asJson, isRawJSON, unwrapped } from './safe-json.js';
import type { Shape } from './shapes.js';
import type { Words } from './words.js';

/**
 * The limit on nesting; what is nested deeper is encoded as JSON text. The engine reads twice this depth
 * (src/wire/transcode.rs).
 */
const MAX_DEPTH = 128;
/** The depth for which the lists of the walk have room from the start. */
const USUAL_DEPTH = 16;

const { getTime, toJSON: dateToJSON, toISOString: dateToISOString } = Date.prototype;
/** Whether these methods were the original ones when this module was loaded. */
const DATES_ARE_NATIVE = [dateToJSON, dateToISOString].every((method) => /\[native code\]/.test(Function.prototype.toString.call(method)));

/** What is known while a record is flattened. */
interface Walk {
  readonly words: Words;
  /** The number of characters that the record's JSON may still have: at least what has been appended is taken off. */
  left: number;
  /** The objects around the present value, by depth; the record has depth 0. Deeper ones are of earlier values. */
  readonly ancestors: object[];
  /** The key of each of these objects in the one before; the first is in the record. */
  readonly path: (string | number)[];
  readonly replacements: Replacements;
  /** Whether `for in` over a plain object gives only properties of its own. */
  readonly forIn: boolean;
}

/**
 * Appends a record, as the text that `JSON.stringify` makes. Values that it rejects are replaced, and added to
 * `replacements`. Each property is read once. Returns about the number of characters in the record; -1, with nothing
 * appended, when the record has a `toJSON`.
 *
 * @throws TextTooLongError when the record certainly has more than `maxChars`.
 * @throws RangeError when the stack is full.
 */
export function flatten(record: object, words: Words, maxChars: number, replacements: Replacements): number {
  if (typeof (record as { toJSON?: unknown }).toJSON === 'function') return -1;
  const start = words.position();
  const walk: Walk = { words, left: maxChars, ancestors: new Array(USUAL_DEPTH), path: new Array(USUAL_DEPTH), replacements, forIn: !isExtended() };
  try {
    addObject(walk, record as Record<string, unknown>, isPlainObject(record), 0);
  } catch (error) {
    words.rewind(start);
    throw error;
  }
  return maxChars - walk.left;
}

/** Appends a value; appends nothing where JSON has none. */
function addValue(walk: Walk, value: unknown, key: string | number, depth: number): void {
  switch (typeof value) {
    case 'string':
      walk.words.string(value);
      walk.left -= value.length + '""'.length;
      return;
    case 'number':
      walk.left -= walk.words.number(value);
      return;
    case 'boolean':
      walk.words.boolean(value);
      walk.left -= 'true'.length;
      return;
    case 'object':
      if (value !== null) return addContainer(walk, value, key, depth);
      walk.words.null();
      walk.left -= 'null'.length;
      return;
    default:
      return addConverted(walk, asJson(value, String(key)), key, depth);
  }
}

/** An object or array as the application has it. */
function addContainer(walk: Walk, value: object, key: string | number, depth: number): void {
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON !== 'function') return addMembers(walk, value, key, depth);
  if (DATES_ARE_NATIVE && toJSON === dateToJSON && types.isDate(value) && value.toISOString === dateToISOString) {
    walk.words.date(getTime.call(value));
    walk.left -= 'null'.length;
    return;
  }
  limitTypedArray(walk, value);
  addConverted(walk, toJSON.call(value, String(key)), key, depth);
}

/** A value whose `toJSON` has been called, if it had any. */
function addConverted(walk: Walk, value: unknown, key: string | number, depth: number): void {
  if (typeof value === 'bigint') replace(walk, key, depth, `${value}n`);
  else if (typeof value === 'object' && value !== null) addMembers(walk, value, key, depth);
  else if (value !== undefined && typeof value !== 'function' && typeof value !== 'symbol') addValue(walk, value, key, depth);
}

function addMembers(walk: Walk, value: object, key: string | number, depth: number): void {
  const { ancestors } = walk;
  const isArray = Array.isArray(value);
  const isPlain = !isArray && isPlainObject(value);
  if (!isArray && !isPlain) {
    const inner = unwrapped(value);
    if (inner !== value) return addConverted(walk, inner, key, depth);
    if (isRawJSON?.(value)) return addText(walk, JSON.stringify(value));
    limitTypedArray(walk, value);
  }
  for (let index = depth - 1; index >= 0; index -= 1) {
    if (ancestors[index] === value) return replace(walk, key, depth, '[Circular]');
  }
  // Each property or element takes a comma with it; in place of the last comma there is a bracket.
  walk.left -= '{'.length;
  walk.path[depth - 1] = key;
  if (depth > MAX_DEPTH) addInnerText(walk, value, depth);
  else if (isArray) addArray(walk, value, depth);
  else addObject(walk, value as Record<string, unknown>, isPlain, depth);
}

function addObject(walk: Walk, object: Record<string, unknown>, isPlain: boolean, depth: number): void {
  const { words } = walk;
  walk.ancestors[depth] = object;
  const index = words.beginObject();
  let shape: Shape | undefined = words.shapes.root;
  // V8 reads properties fastest in this form.
  if (walk.forIn && isPlain) {
    for (const key in object) {
      let value: unknown;
      try {
        value = object[key];
      } catch (error) {
        value = replacementOf(walk, error, key, depth + 1);
      }
      if (value !== undefined) shape = addProperty(walk, index, shape, key, value, depth + 1);
    }
  } else {
    for (const key of Object.keys(object)) {
      const value = read(walk, object, key, depth + 1);
      if (value !== undefined) shape = addProperty(walk, index, shape, key, value, depth + 1);
    }
  }
  if (shape) words.shape(index, shape, false);
  else words.end();
}

/** A property, or what replaces it. */
function read(walk: Walk, object: object, key: string | number, depth: number): unknown {
  try {
    return (object as Record<string | number, unknown>)[key];
  } catch (error) {
    return replacementOf(walk, error, key, depth);
  }
}

/**
 * Appends a property to the object at `index`, which has had the keys of `shape`. Returns its shape then; `undefined` once
 * keys are beside their values.
 */
function addProperty(walk: Walk, index: number, shape: Shape | undefined, key: string, value: unknown, depth: number): Shape | undefined {
  const { words } = walk;
  const next = shape && words.shapes.after(shape, key);
  if (next) {
    // The most frequent kind of value: a call less.
    if (typeof value === 'string') {
      words.string(value);
      walk.left -= value.length + '""'.length;
    } else if (!addMember(walk, value, key, depth)) {
      return shape;
    }
  } else {
    if (shape) words.shape(index, shape, true);
    const start = words.position();
    words.string(key);
    if (!addMember(walk, value, key, depth)) {
      // JSON leaves the property out.
      words.rewind(start);
      return undefined;
    }
  }
  walk.left -= key.length + '"":,'.length;
  if (walk.left < 0) throw new TextTooLongError();
  return next;
}

/** Appends a value, or what replaces a value that cannot be read; `false` where JSON has none. */
function addMember(walk: Walk, value: unknown, key: string | number, depth: number): boolean {
  const { words } = walk;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    addValue(walk, value, key, depth);
    return true;
  }
  const start = words.position();
  try {
    addValue(walk, value, key, depth);
  } catch (error) {
    const text = replacementOf(walk, error, key, depth);
    words.rewind(start);
    addValue(walk, text, key, depth);
  }
  return words.length > start.length;
}

function addArray(walk: Walk, array: unknown[], depth: number): void {
  const { words } = walk;
  // A proxy may report any length. Each element takes at least a digit and a comma; the last one has no comma.
  const reported = Math.max(array.length, 0);
  if (2 * reported - 1 > walk.left) throw new TextTooLongError();
  // The length is an integer on the wire, also when it is reported as a double.
  const length = Math.trunc(reported) >>> 0;
  walk.ancestors[depth] = array;
  words.array(length);
  for (let index = 0; index < length; index += 1) {
    const value = read(walk, array, index, depth + 1);
    if (!addMember(walk, value, index, depth + 1)) addValue(walk, null, index, depth + 1);
    walk.left -= ','.length;
    if (walk.left < 0) throw new TextTooLongError();
  }
}

/** The text that replaces a value that cannot be read. Throws errors that concern the whole record. */
function replacementOf(walk: Walk, error: unknown, key: string | number, depth: number): string {
  if (error instanceof TextTooLongError || isStackOverflow(error)) throw error;
  const text = thrownText(error);
  walk.replacements.add([...walk.path.slice(0, depth - 1), key], text);
  return text;
}

function replace(walk: Walk, key: string | number, depth: number, value: string): void {
  walk.words.string(value);
  walk.left -= value.length + '""'.length;
  walk.replacements.add([...walk.path.slice(0, depth - 1), key], value);
}

/** Each element becomes a number and a comma at least. The list of all of them is not made when it is too long. */
function limitTypedArray(walk: Walk, value: object): void {
  if (types.isTypedArray(value) && value.length * '0,'.length > walk.left) throw new TextTooLongError();
}

/** The object or array at the end of the path, which is not one of the ancestors yet. */
function addInnerText(walk: Walk, value: object, depth: number): void {
  addText(walk, innerText(value, walk.left, walk.replacements, { path: walk.path.slice(0, depth), ancestors: walk.ancestors.slice(0, depth) }));
}

function addText(walk: Walk, text: string): void {
  walk.words.text(text);
  walk.left -= text.length;
}
