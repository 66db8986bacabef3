import { types } from 'node:util';

import { isExtended, isPlainObject } from './plain.js';

/**
 * Says what is known of a value's JSON before it is made: the JSON `fits` into `limit` characters or may do so, it
 * certainly `exceeds` them, or it is `opaque` because a `toJSON` decides. Adds up a lower bound, and stops as soon as
 * the bound is over the limit. So a graph of few objects that expands without end costs no more than a graph that fits.
 *
 * Throws what the value's getters throw, and `RangeError` where the value is nested too deeply.
 */
export function judgeSize(value: unknown, limit: number): 'fits' | 'exceeds' | 'opaque' {
  const left = remaining(value, limit, !isExtended());
  if (Number.isNaN(left)) return 'opaque';
  return left < 0 ? 'exceeds' : 'fits';
}

/** The rest of the budget: negative when it is used up, NaN once a `toJSON` was found. */
function remaining(value: unknown, budget: number, forIn: boolean): number {
  if (typeof value === 'string') return budget - value.length - 2;
  if (typeof value !== 'object' || value === null) return budget - 1;
  if (forIn && isPlainObject(value)) {
    // The same as below, in the form in which V8 reads properties fastest.
    if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return NaN;
    let left = budget - 2;
    for (const key in value) {
      const child = (value as Record<string, unknown>)[key];
      if (child === undefined || typeof child === 'function' || typeof child === 'symbol') continue;
      left = remaining(child, left - key.length - '"":'.length, true);
      if (!(left >= 0)) break;
    }
    return left;
  }
  if (value instanceof Date) return budget - 4;
  // The `toJSON` of a Buffer is known: an array of numbers.
  if (Buffer.isBuffer(value)) return budget - value.length * '0,'.length;
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return NaN;
  let left = budget - 2;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && left >= 0; index += 1) left = remaining(value[index], left, forIn);
    return left;
  }
  // A typed array becomes an object with a key for each element.
  if (types.isTypedArray(value)) return budget - value.length * '"0":0,'.length;
  for (const key of Object.keys(value)) {
    // True also when it is NaN.
    if (!(left >= 0)) break;
    const child = (value as Record<string, unknown>)[key];
    // JSON leaves these out.
    if (child === undefined || typeof child === 'function' || typeof child === 'symbol') continue;
    left = remaining(child, left - key.length - '"":'.length, forIn);
  }
  return left;
}
