import { rootCause } from './store-error.mjs';

/** Escapes in JSON text that can stand for a NUL or a surrogate; without them there is nothing to look for. */
const SUSPICIOUS = /\\u(0000|[dD][89a-fA-F])/;

/** @param {string} json @returns {boolean} whether its strings may hold what `storable` replaces */
export function mayBeUnstorable(json) {
  return SUSPICIOUS.test(json);
}

/**
 * In all strings, keys too, NUL characters and lone surrogates become U+FFFD: databases reject both.
 * @template T
 * @param {T} value  as JSON.parse makes it
 * @returns {T}
 * @throws {RangeError} if it is nested deeper than the stack
 */
export function storable(value) {
  return /** @type {T} */ (replaced(value));
}

/** @param {unknown} value @returns {unknown} */
function replaced(value) {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\uFFFD');
  if (Array.isArray(value)) return value.map(replaced);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [replaced(key), replaced(item)]));
}

/** @param {any} error @returns {string} one line, not longer than one wants to read: it may quote what was sent */
export function firstLine(error) {
  const [line = ''] = String(rootCause(error)?.message ?? error).split('\n', 1);
  return line.slice(0, 200);
}

/** @param {string} segment  of a path @returns {string} as it is if it is not encoded well */
export function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
