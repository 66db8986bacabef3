import { types } from 'node:util';

/** A value that JSON cannot hold, and what stands in its place. */
export interface Replacement {
  /** Property names from the record to the value, joined by dots. */
  path: string;
  /** `123n`, `[Circular]` or `[Throws: message]`. */
  value: string;
}

/** `JSON.rawJSON` objects (Node 22) are written as they are. */
const { isRawJSON } = JSON as { isRawJSON?: (value: unknown) => boolean };

/** How long a text may grow here. Only a graph that expands without end comes near it. */
const MAX_CHARS = 64 * 1024 * 1024;

/** Thrown when a record would grow beyond {@link MAX_CHARS}. */
export class RecordTooLargeError extends Error {
  constructor() {
    super(`the record's JSON text would be longer than ${MAX_CHARS} characters`);
    this.name = 'RecordTooLargeError';
  }
}

/**
 * What `JSON.stringify(record)` gives, for a record that it rejects: each offending value is replaced, the rest is as
 * the standard (ECMA-262 SerializeJSONProperty) has it.
 *
 * @throws RecordTooLargeError
 */
export function stringifyReplacing(record: unknown): { text: string; replaced: Replacement[] } {
  const writer = new Writer();
  writer.property('', () => record, record);
  return { text: writer.text === '' ? 'null' : writer.text, replaced: writer.replaced };
}

class Writer {
  text = '';
  readonly replaced: Replacement[] = [];
  readonly #path: string[] = [];
  readonly #ancestors = new Set<object>();

  /** Writes the value that `read` answers, or its replacement. False, and nothing is written, where JSON has nothing. */
  property(key: string, read: () => unknown, holder: unknown, prefix = ''): boolean {
    if (this.text.length > MAX_CHARS) throw new RecordTooLargeError();
    const length = this.text.length;
    const depth = this.#path.length;
    try {
      const value = asJson(read.call(holder), key);
      if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return false;
      this.text += prefix;
      this.#value(value);
    } catch (error) {
      if (error instanceof RecordTooLargeError) throw error;
      // What has been written of the value goes, the ancestors were taken back on the way out.
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
    this.replaced.push({ path: this.#path.join('.'), value });
  }
}

/** The value after `toJSON` and with wrapper objects opened. */
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
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'unknown error';
  }
}
