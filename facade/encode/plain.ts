import { isRawJSON } from './safe-json.js';

/** Whether the object is made by `{}`, or has no prototype. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || (prototype === null && !isRawJSON?.(value));
}

/** Whether `for in` over a plain object also gives properties that somebody has added to `Object.prototype`. */
export function isExtended(): boolean {
  for (const _ in Object.prototype) return true;
  return false;
}
