import { types } from 'node:util';

import { innerText } from './json-text.js';
import { isExtended, isPlainObject } from './plain.js';
import { type Replacements, isStackOverflow, thrownText } from './replacements.js';
import { TextTooLongError, asJson, isRawJSON, unwrapped } from './safe-json.js';

/** The elements of the flat array. `undefined` is a mark. The grammar is in `src/wire/mod.rs`. */
export type Atom = string | number | boolean | null | undefined;

/**
 * The limit on nesting; what is nested deeper is encoded as JSON text. The engine reads twice this depth
 * (src/wire/transcode.rs).
 */
const MAX_DEPTH = 128;
/** The depth for which the lists of the walk have room from the start. */
const USUAL_DEPTH = 16;
/**
 * The length of the list above which no further array or object is added: a few shared objects may expand without end,
 * and an atom takes 8 bytes of the heap.
 */
const MAX_ATOMS = 2 ** 20;
/** The number of elements of an array after which the atoms of all its elements are estimated. */
const ESTIMATED_AFTER = 1024;

/** Thrown when a record has too many values for the list. */
class TooManyAtomsError extends Error {}

const { getTime, toJSON: dateToJSON, toISOString: dateToISOString } = Date.prototype;
/** Whether these methods were the original ones when this module was loaded. */
const DATES_ARE_NATIVE = [dateToJSON, dateToISOString].every((method) => /\[native code\]/.test(Function.prototype.toString.call(method)));

/** What is known while a record is flattened. */
interface Walk {
  readonly atoms: Atom[];
  /** The number of characters that the record may still have. */
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
 * Appends the atoms of a record, which make the text that `JSON.stringify` makes. Values that it rejects are replaced,
 * and added to `replacements`. Each property is read once. Returns about the number of characters in the record; -1,
 * with nothing appended, when the record has a `toJSON` or more than a million atoms, by an estimate or in fact.
 *
 * @throws TextTooLongError when the record certainly has more than `maxChars`.
 * @throws RangeError when the stack is full.
 */
export function flatten(record: object, atoms: Atom[], maxChars: number, replacements: Replacements): number {
  if (typeof (record as { toJSON?: unknown }).toJSON === 'function') return -1;
  const start = atoms.length;
  const walk: Walk = { atoms, left: maxChars, ancestors: new Array(USUAL_DEPTH), path: new Array(USUAL_DEPTH), replacements, forIn: !isExtended() };
  try {
    addObject(walk, record as Record<string, unknown>, isPlainObject(record), 0);
  } catch (error) {
    atoms.length = start;
    if (error instanceof TooManyAtomsError) return -1;
    throw error;
  }
  return maxChars - walk.left;
}

/** Appends a value; appends nothing where JSON has none. */
function addValue(walk: Walk, value: unknown, key: string | number, depth: number): void {
  switch (typeof value) {
    case 'string':
      walk.atoms.push(value);
      walk.left -= value.length;
      return;
    case 'number':
    case 'boolean':
      walk.atoms.push(value);
      walk.left -= 1;
      return;
    case 'object':
      if (value !== null) return addContainer(walk, value, key, depth);
      walk.atoms.push(null);
      walk.left -= 1;
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
    walk.atoms.push(undefined, true, getTime.call(value));
    walk.left -= 2;
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
  const { atoms, ancestors } = walk;
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
  walk.left -= 2;
  walk.path[depth - 1] = key;
  if (atoms.length > MAX_ATOMS) throw new TooManyAtomsError();
  if (depth > MAX_DEPTH) addInnerText(walk, value, depth);
  else if (isArray) addArray(walk, value, depth);
  else addObject(walk, value as Record<string, unknown>, isPlain, depth);
}

function addObject(walk: Walk, object: Record<string, unknown>, isPlain: boolean, depth: number): void {
  const { atoms } = walk;
  walk.ancestors[depth] = object;
  atoms.push(undefined);
  if (walk.forIn && isPlain) {
    // V8 reads properties fastest in this form. Values that are frequent are appended here, and counted together.
    let chars = 0;
    for (const key in object) {
      const start = atoms.length;
      try {
        const value = object[key];
        if (typeof value === 'string') {
          atoms.push(key, value);
          chars += key.length + value.length;
        } else if (typeof value === 'number' || typeof value === 'boolean') {
          atoms.push(key, value);
          chars += key.length + 1;
        } else if (value !== undefined) {
          atoms.push(key);
          chars += key.length;
          addValue(walk, value, key, depth + 1);
          // JSON leaves the property out.
          if (atoms.length === start + 1) atoms.pop();
        }
      } catch (error) {
        replaceThrown(walk, error, key, start, depth + 1);
      }
    }
    walk.left -= chars;
    if (walk.left < 0) throw new TextTooLongError();
  } else {
    for (const key of Object.keys(object)) {
      const start = atoms.length;
      try {
        addMember(walk, object[key], key, depth + 1);
      } catch (error) {
        replaceThrown(walk, error, key, start, depth + 1);
      }
    }
  }
  atoms.push(undefined);
}

function addMember(walk: Walk, value: unknown, key: string, depth: number): void {
  if (value === undefined) return;
  const { atoms } = walk;
  const withKey = atoms.push(key);
  addValue(walk, value, key, depth);
  // JSON leaves the property out.
  if (atoms.length === withKey) atoms.pop();
  walk.left -= key.length;
  if (walk.left < 0) throw new TextTooLongError();
}

function addArray(walk: Walk, array: unknown[], depth: number): void {
  const { atoms } = walk;
  // A proxy may report any length. Each element takes at least 1 of the budget.
  const reported = Math.max(array.length, 0);
  if (reported > walk.left) throw new TextTooLongError();
  // The length is an integer on the wire, also when it is reported as a double.
  const length = Math.trunc(reported) >>> 0;
  if (atoms.length + length > MAX_ATOMS) throw new TooManyAtomsError();
  walk.ancestors[depth] = array;
  const first = atoms.push(undefined, length);
  for (let index = 0; index < length; index += 1) {
    const start = atoms.length;
    // What has been appended until then is thrown away: the sooner, the cheaper.
    if (index === ESTIMATED_AFTER && first + (length * (start - first)) / index > MAX_ATOMS) throw new TooManyAtomsError();
    try {
      const value = array[index];
      if (typeof value === 'object' && value !== null) addContainer(walk, value, index, depth + 1);
      else addValue(walk, value, index, depth + 1);
      if (atoms.length === start) atoms.push(null);
    } catch (error) {
      replaceThrown(walk, error, index, start, depth + 1);
    }
    if (walk.left < 0) throw new TextTooLongError();
  }
}

/** Replaces a value that cannot be read; its atoms begin at `start`. */
function replaceThrown(walk: Walk, error: unknown, key: string | number, start: number, depth: number): void {
  if (error instanceof TextTooLongError || error instanceof TooManyAtomsError || isStackOverflow(error)) throw error;
  walk.atoms.length = start;
  if (typeof key === 'string') walk.atoms.push(key);
  replace(walk, key, depth, thrownText(error));
}

function replace(walk: Walk, key: string | number, depth: number, value: string): void {
  walk.atoms.push(value);
  walk.left -= value.length;
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
  walk.atoms.push(undefined, false, text);
  walk.left -= text.length;
}
