// Random nested values: all kinds for which JSON.stringify has a rule, and values that JSON leaves out.
import vm from 'node:vm';

const CHARS = ['a', 'é', 'ÿ', 'Ā', '漢', '\u{1F600}', '"', '\\', '\n', '\0', '\ud800', '\udc00', '\x1f', '\x7f', '\u2028', ' ', '/'];
const LENGTHS = [0, 1, 2, 5, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100];
const NUMBERS = [
  0, -0, 1, -1, 2 ** 30, 2 ** 30 - 1, -(2 ** 30), 2 ** 31, 2 ** 31 - 1, -(2 ** 31), 2 ** 32, 2 ** 53, 2 ** 53 + 2, -(2 ** 53), 1e21, 1e20, 1e-7, 1e-6, NaN,
  Infinity, -Infinity, 0.1, 5e-324, Number.MAX_VALUE, 123456.789, 1_790_000_000_000,
];
const DATES = [0, -1, 8.64e15, -8.64e15, -62_198_755_200_000, 253_402_300_800_000, NaN, 1_790_000_000_123];

class Money {
  constructor(amount) { this.amount = amount; }
  toJSON(key) { return `${this.amount} at ${key}`; }
}
class Point {
  constructor(x) { this.x = x; }
  get doubled() { return this.x * 2; }
}

/** Values that have to take the JSON path, or may. */
const SPECIAL = [
  () => new Map([[1, 2]]), () => new Set([1]), () => Object('boxed'), () => Object(1.5), () => Object(false), () => /x/g, () => new Error('e'),
  () => Buffer.from('ab'), () => new Uint8Array([1, 2]), () => new Float64Array([1.5]), () => new ArrayBuffer(2), () => () => 1, () => Symbol('s'),
  () => new URL('http://example.test/?a=b'), () => new Money(5), () => [new Money(6)], () => new Point(3), () => ({ toJSON: () => ({ x: 1 }) }), () => ({ toJSON: 5, a: 1 }),
  () => ({ get a() { return [1]; } }), () => Object.create({ inherited: 1 }), () => Object.assign(Object.create(null), { q: 1 }), () => Object.freeze({ a: 1 }),
  () => ({ [Symbol('s')]: 1, a: 2 }), () => Object.defineProperty({ a: 1 }, 'hidden', { value: 2 }), () => new (class extends Array {})(1, 2, 3), () => new Proxy({ a: [1] }, {}),
  () => new Proxy([1, 2], {}), () => vm.runInNewContext('({ a: [1, new Date(0)] })'), () => new (class extends Date {})(0), () => Object.assign(new Date(1), { toJSON: () => 'mine' }),
  () => Object.setPrototypeOf([1], null), () => Object.setPrototypeOf(new Map([[1, 2]]), Object.prototype), () => (function () { return arguments; })(1, 2), () => Object.setPrototypeOf([3], Object.prototype),
  () => Object.create(Array.prototype), () => globalThis.structuredClone, () => new WeakMap(), () => Promise.resolve(1), () => new Date(Date.UTC(2026, 1, 30)), () => JSON.rawJSON?.('1e1000') ?? 1,
];

/** A source of values. The same seed gives the same values. @param {number} seed */
export function randomValues(seed) {
  let state = seed >>> 0;
  // The linear congruence of Numerical Recipes. It only has to give the same numbers everywhere.
  const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  const below = (limit) => Math.floor(random() * limit);
  const pick = (list) => list[below(list.length)];
  let known = [];

  const text = () => {
    const alphabet = pick([['x'], CHARS.slice(0, 3), ['y', 'y', 'y', 'y', 'y', 'y', 'y', 'y', 'y', pick(CHARS)], CHARS]);
    return Array.from({ length: pick(LENGTHS) }, () => pick(alphabet)).join('');
  };
  const number = () => pick([pick(NUMBERS), random(), random() * 1e10, Math.round(random() * 1e15), below(1000)]);
  const key = () => pick([text(), `k${below(99)}`, String(below(20)), String(2 ** 31 + below(10)), 'id']);

  function object(depth) {
    const result = {};
    for (let left = below(6); left > 0; left -= 1) result[key()] = value(depth + 1);
    known.push(result);
    return result;
  }
  function array(depth) {
    const result = Array.from({ length: below(6) }, () => value(depth + 1));
    if (below(10) === 0) result.length += below(5);
    if (below(10) === 0) result[50 + below(2000)] = value(depth + 1);
    if (below(10) === 0) result.named = value(depth + 1);
    known.push(result);
    return result;
  }
  function value(depth) {
    switch (below(depth > 5 ? 6 : 15)) {
      case 0: return text();
      case 1: return number();
      case 2: return null;
      case 3: return below(2) === 0;
      case 4: return undefined;
      case 5: return new Date(pick([pick(DATES), below(2e12)]));
      case 6: case 7: case 8: return object(depth);
      case 9: case 10: return array(depth);
      case 11: return known.length > 0 ? pick(known.slice(-20)) : 1;
      case 12: return below(8) === 0 ? pick(SPECIAL)() : text();
      case 13: return [number(), number(), number()];
      default: return text();
    }
  }

  return {
    /** A record. What it shares with others is of the last 500 at most. */
    record(index) {
      if (index % 500 === 0) known = [];
      const result = {};
      for (let left = 1 + below(8); left > 0; left -= 1) result[pick(['a', 'b', 'c', 'd', 'id', text()])] = value(0);
      return result;
    },
    below,
  };
}
