import { types } from 'node:util';

/** The elements of the flat array. `undefined` is a mark. The grammar is in `src/wire/mod.rs`. */
export type Atom = string | number | boolean | null | undefined;

/**
 * The limit on nesting; a deeper record is encoded as JSON text. The engine reads twice this depth
 * (src/wire/transcode.rs).
 */
const MAX_DEPTH = 128;
/**
 * The length of the list above which no further array or object is added: a few shared objects may expand without end,
 * and an atom takes 8 bytes of the heap.
 */
const MAX_ATOMS = 2 ** 20;

const { getTime, toJSON: dateToJSON, toISOString: dateToISOString } = Date.prototype;
/** Whether these methods were the original ones when this module was loaded. */
const DATES_ARE_NATIVE = [dateToJSON, dateToISOString].every((method) => /\[native code\]/.test(Function.prototype.toString.call(method)));

/** `JSON.rawJSON` objects (Node 22) look like plain objects. */
const { isRawJSON } = JSON as { isRawJSON?: (value: unknown) => boolean };

/**
 * Appends the atoms of a record, if they keep what `JSON.stringify` writes: the record consists of plain objects,
 * arrays, Dates and primitives, none of them with a `toJSON` of its own. Returns about the number of characters in it.
 * Returns -1, with nothing appended, when the record has other values, when it exceeds `maxChars` or a million values,
 * when it is nested too deeply (every cycle is), or when a getter throws.
 */
export function flatten(record: object, atoms: Atom[], maxChars: number): number {
  const start = atoms.length;
  try {
    if (!isExtended()) {
      const left = addObject(record, atoms, maxChars, 0);
      if (left >= 0) return maxChars - left;
    }
  } catch {
    // The JSON path reports this error.
  }
  atoms.length = start;
  return -1;
}

/** Whether `for in` over a plain object also gives properties that somebody has added to `Object.prototype`. */
function isExtended(): boolean {
  for (const _ in Object.prototype) return true;
  return false;
}

/** Returns the rest of the budget after a value; negative when the budget is used up or the value is not plain. */
function addValue(value: unknown, atoms: Atom[], left: number, depth: number): number {
  switch (typeof value) {
    case 'string':
      atoms.push(value);
      return left - value.length;
    case 'number':
    case 'boolean':
      atoms.push(value);
      return left - 1;
    case 'object':
      if (value !== null) return addContainer(value, atoms, left - 2, depth);
      atoms.push(null);
      return left - 1;
    default:
      return -1;
  }
}

function addContainer(value: object, atoms: Atom[], left: number, depth: number): number {
  if (depth > MAX_DEPTH || atoms.length > MAX_ATOMS) return -1;
  if (Array.isArray(value)) return addArray(value, atoms, left, depth);
  if (isPlainObject(value)) return addObject(value, atoms, left, depth);
  if (!DATES_ARE_NATIVE || !types.isDate(value) || value.toJSON !== dateToJSON || value.toISOString !== dateToISOString) return -1;
  atoms.push(undefined, true, getTime.call(value));
  return left;
}

function addObject(object: object, atoms: Atom[], budget: number, depth: number): number {
  if ((object as { toJSON?: unknown }).toJSON !== undefined) return -1;
  let left = budget;
  atoms.push(undefined);
  for (const key in object) {
    const value = (object as Record<string, unknown>)[key];
    if (value === undefined) continue;
    atoms.push(key);
    left = addValue(value, atoms, left - key.length, depth + 1);
    if (left < 0) return -1;
  }
  atoms.push(undefined);
  return left;
}

function addArray(array: unknown[], atoms: Atom[], budget: number, depth: number): number {
  if (Object.getPrototypeOf(array) !== Array.prototype || 'toJSON' in array) return -1;
  const { length } = array;
  // Each element takes at least 1 of the budget. A proxy may report any length.
  if (length !== length >>> 0 || length > budget || atoms.length + length > MAX_ATOMS) return -1;
  let left = budget;
  // The length is an integer on the wire, also when a proxy reports a double.
  atoms.push(undefined, length >>> 0);
  for (let index = 0; index < length; index += 1) {
    left = addValue(array[index] ?? null, atoms, left, depth + 1);
    if (left < 0) return -1;
  }
  return left;
}

/** Whether the object is made by `{}`, or has no prototype. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || (prototype === null && !isRawJSON?.(value));
}
