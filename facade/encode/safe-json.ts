import { types } from 'node:util';

/** A value that JSON cannot hold, and its replacement. */
export interface Replacement {
  /** Property names from the record to the value, joined by dots. */
  path: string;
  /** `123n`, `[Circular]` or `[Throws: message]`. */
  value: string;
}

/** `JSON.rawJSON` objects (Node 22) are written as they are. */
const { isRawJSON } = JSON as { isRawJSON?: (value: unknown) => boolean };

/** The number of replaced values that are named; all others are only counted. */
const MAX_NAMED = 5;
/** The number of property names of a path that are shown. */
const MAX_PATH = 32;
/** The limit on replaced values: a graph that is too deep in more places than this would expand without end. */
const MAX_TOO_DEEP = 16;

/** Thrown when a text would grow beyond its limit. */
export class TextTooLongError extends Error {
  override name = 'TextTooLongError';
}

/**
 * Returns what `JSON.stringify(record)` gives, for a record that it rejects: each offending value is replaced,
 * everything else follows the standard (ECMA-262 SerializeJSONProperty).
 *
 * @throws TextTooLongError when the text would be longer than `maxChars`.
 */
export function stringifyReplacing(record: unknown, maxChars: number): { text: string; replaced: Replacement[]; replacedCount: number } {
  const writer = new Writer(maxChars);
  writer.property('', () => record, record);
  const { text, replaced, replacedCount } = writer;
  return { text: text === '' ? 'null' : text, replaced, replacedCount };
}

class Writer {
  text = '';
  readonly replaced: Replacement[] = [];
  replacedCount = 0;
  #tooDeep = 0;
  readonly #path: string[] = [];
  readonly #ancestors = new Set<object>();
  readonly #maxChars: number;

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
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
      if (isStackOverflow(error) && (this.#tooDeep += 1) > MAX_TOO_DEEP) throw new TextTooLongError();
      // The part of the value that was written is removed. The ancestors were already removed on the way out.
      this.text = this.text.slice(0, length) + prefix;
      this.#path.length = depth;
      this.#replace(`[Throws: ${messageOf(error)}]`);
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
    this.replacedCount += 1;
    if (this.replaced.length >= MAX_NAMED) return;
    const path = this.#path.slice(0, MAX_PATH).join('.');
    this.replaced.push({ path: this.#path.length > MAX_PATH ? `${path}...` : path, value });
  }
}

/** The value after `toJSON`, with wrapper objects unwrapped. */
function asJson(value: unknown, key: string): unknown {
  let json = value;
  if ((typeof value === 'object' && value !== null) || typeof value === 'function' || typeof value === 'bigint') {
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') json = toJSON.call(value, key);
  }
  if (types.isNumberObject(json)) return Number(json);
  if (types.isStringObject(json)) return String(json);
  if (types.isBooleanObject(json)) return Boolean.prototype.valueOf.call(json);
  if (types.isBigIntObject(json)) return BigInt.prototype.valueOf.call(json);
  return json;
}

function messageOf(error: unknown): string {
  try {
    // A message may be of any type. String() accepts symbols, and throws where there is no text.
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'unknown error';
  }
}

function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && /call stack/.test(error.message);
}
