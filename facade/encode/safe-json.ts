import { types } from 'node:util';

import { Replacements, isStackOverflow, thrownText } from './replacements.js';

/** `JSON.rawJSON` objects (Node 22) are written as they are. */
export const { isRawJSON } = JSON as { isRawJSON?: (value: unknown) => boolean };

/** The limit on replaced values: a graph that is too deep in more places than this would expand without end. */
const MAX_TOO_DEEP = 16;

/** Thrown when a text would grow beyond its limit. */
export class TextTooLongError extends Error {
  override name = 'TextTooLongError';
}

/** The place of a value in a record: the keys on the way to it, and the objects around it. */
export interface Place {
  path: readonly (string | number)[];
  ancestors: readonly object[];
}

/**
 * Returns what `JSON.stringify(value)` gives, for a value that it rejects: each offending part is replaced and added to
 * `replacements`, everything else follows the standard (ECMA-262 SerializeJSONProperty).
 *
 * @throws TextTooLongError when the text would be longer than `maxChars`.
 * @throws RangeError when the stack has no room for the value at all.
 */
export function stringifyReplacing(value: unknown, maxChars: number, replacements: Replacements, place?: Place): string {
  const writer = new Writer(maxChars, replacements, place);
  writer.property('', () => value, value);
  return writer.text === '' ? 'null' : writer.text;
}

class Writer {
  text = '';
  #tooDeep = 0;
  readonly #replacements: Replacements;
  readonly #path: (string | number)[];
  readonly #ancestors: Set<object>;
  readonly #maxChars: number;

  constructor(maxChars: number, replacements: Replacements, place?: Place) {
    this.#maxChars = maxChars;
    this.#replacements = replacements;
    this.#path = [...(place?.path ?? [])];
    this.#ancestors = new Set(place?.ancestors);
  }

  /**
   * Writes the value that `read` returns, or its replacement. Writes nothing and returns false where JSON leaves a
   * value out.
   */
  property(key: string, read: () => unknown, holder: unknown, prefix = ''): boolean {
    if (this.text.length > this.#maxChars) throw new TextTooLongError();
    const length = this.text.length;
    const depth = this.#path.length;
    try {
      const value = asJson(read.call(holder), key);
      if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return false;
      this.text += prefix;
      this.#value(value);
    } catch (error) {
      if (error instanceof TextTooLongError) throw error;
      const isTooDeep = isStackOverflow(error);
      if (isTooDeep && this.#tooDeep >= MAX_TOO_DEEP) throw new TextTooLongError();
      // A text in place of a whole record would be no record.
      if (isTooDeep && depth === 0) throw error;
      // The part of the value that was written is removed. The ancestors were already removed on the way out.
      this.text = this.text.slice(0, length) + prefix;
      this.#path.length = depth;
      // Where the stack has no room for this either, the value around this one is replaced.
      this.#replace(thrownText(error));
      if (isTooDeep) this.#tooDeep += 1;
    }
    return true;
  }

  #value(value: {} | null): void {
    if (typeof value === 'bigint') this.#replace(`${value}n`);
    else if (typeof value !== 'object' || value === null || isRawJSON?.(value)) this.text += JSON.stringify(value);
    else if (this.#ancestors.has(value)) this.#replace('[Circular]');
    else this.#container(value);
  }

  #container(value: object): void {
    this.#ancestors.add(value);
    try {
      if (Array.isArray(value)) this.#array(value);
      else this.#object(value as Record<string, unknown>);
    } finally {
      this.#ancestors.delete(value);
    }
  }

  #array(array: unknown[]): void {
    this.text += '[';
    for (let index = 0; index < array.length; index += 1) {
      if (index > 0) this.text += ',';
      if (!this.#child(String(index), () => array[index], array, '')) this.text += 'null';
    }
    this.text += ']';
  }

  #object(object: Record<string, unknown>): void {
    const start = this.text.length + 1;
    this.text += '{';
    for (const key of Object.keys(object)) {
      const prefix = `${this.text.length > start ? ',' : ''}${JSON.stringify(key)}:`;
      this.#child(key, () => object[key], object, prefix);
    }
    this.text += '}';
  }

  #child(key: string, read: () => unknown, holder: unknown, prefix: string): boolean {
    this.#path.push(key);
    const written = this.property(key, read, holder, prefix);
    this.#path.pop();
    return written;
  }

  #replace(value: string): void {
    this.text += JSON.stringify(value);
    this.#replacements.add(this.#path, value);
  }
}

/** The value after `toJSON`, with wrapper objects unwrapped. */
export function asJson(value: unknown, key: string): unknown {
  if ((typeof value === 'object' && value !== null) || typeof value === 'function' || typeof value === 'bigint') {
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') return unwrapped(toJSON.call(value, key));
  }
  return unwrapped(value);
}

/** The primitive in a wrapper object; any other value itself. */
export function unwrapped(value: unknown): unknown {
  if (types.isNumberObject(value)) return Number(value);
  if (types.isStringObject(value)) return String(value);
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value);
  if (types.isBigIntObject(value)) return BigInt.prototype.valueOf.call(value);
  return value;
}
