// Values an application may put into a span: [name, factory]. Every factory builds a new value, so
// that both sides serialise their own. All of them are accepted by JSON.stringify.
import vm from 'node:vm';
import * as timers from 'node:timers/promises';

const TEXT = 'Zürich — 東京 🗼 "quoted" \\ back / slash\t\r\n';

class Point {
  #secret = 1;
  static shared = 2;
  constructor(x) {
    this.x = x;
  }
  get secret() {
    return this.#secret;
  }
  method() {}
}
class WithToJson extends Point {
  toJSON() {
    return { seen: this.x, nested: new Point(2), when: new Date(0) };
  }
}
class List extends Array {}
class Text extends String {}

// Deterministic pseudo-random 32-bit numbers.
function* random32(seed) {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield (state ^ (state >>> 15)) >>> 0;
  }
}

function randomDoubles(count) {
  const numbers = random32(7);
  const view = new DataView(new ArrayBuffer(8));
  return Array.from({ length: count }, () => {
    view.setUint32(0, numbers.next().value);
    view.setUint32(4, numbers.next().value);
    return view.getFloat64(0);
  });
}

function randomDecimals(count) {
  const numbers = random32(11);
  return Array.from({ length: count }, () => Number(`${numbers.next().value}e${(numbers.next().value % 44) - 30}`));
}

function randomText(length) {
  const numbers = random32(3);
  return Array.from({ length }, () => String.fromCharCode(numbers.next().value & 0xffff)).join('');
}

const nest = (depth, wrap) => {
  let value = 'bottom';
  for (let i = 0; i < depth; i++) value = wrap(value);
  return value;
};

const withProps = (value, props) => Object.assign(value, props);
const withoutProto = (props) => Object.assign(Object.create(null), props);
const hidden = (props) => Object.defineProperties({}, Object.fromEntries(
  Object.entries(props).map(([key, value]) => [key, { value, enumerable: false }]),
));
const shared = () => {
  const part = { id: 1 };
  return { first: part, second: part, list: [part, part, [part]] };
};
const everyUnit = () => Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit)).join('');
const controls = () => Array.from({ length: 0x20 }, (_, unit) => String.fromCharCode(unit)).join('');

export const VALUES = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['true and false', () => [true, false]],
  ['undefined in an object and an array', () => ({ a: undefined, b: [undefined, 1, undefined], c: 3 })],
  ['functions', () => ({ f() {}, g: () => 1, list: [() => 1, class {}], after: 1 })],
  ['a function with toJSON', () => ({ f: withProps(() => 1, { toJSON: () => 'from a function' }) })],
  ['symbols', () => ({ s: Symbol('s'), list: [Symbol.iterator], [Symbol('key')]: 1, after: 1 })],
  ['dates', () => [new Date(0), new Date(1767323045006), new Date(-1), new Date(8.64e15), new Date(-8.64e15)]],
  ['years beyond four digits', () => [new Date(Date.UTC(12345, 0)), new Date(Date.UTC(-5, 0)), new Date(Date.UTC(99, 0))]],
  ['an invalid date', () => ({ when: new Date(NaN), list: [new Date('nonsense')] })],
  ['a date with its own toJSON', () => withProps(new Date(0), { toJSON: () => 'own' })],
  ['a date with its own toISOString', () => withProps(new Date(0), { toISOString: () => 'iso' })],
  ['a date whose toJSON is not a function', () => withProps(new Date(0), { toJSON: 1, note: 'kept' })],
  ['a date subclass', () => new (class Day extends Date {})(0)],
  ['toJSON of a class', () => new WithToJson(7)],
  ['toJSON gets its key', () => ({ a: { toJSON: (key) => `at ${key}` }, list: [{ toJSON: (key) => `${typeof key} ${key}` }] })],
  ['toJSON returning undefined', () => ({ a: { toJSON() {} }, list: [{ toJSON() {} }], b: 1 })],
  ['toJSON returning itself', () => ({ a: 1, toJSON() { return this; } })],
  ['toJSON returning an object with toJSON', () => ({ toJSON: () => ({ a: 1, toJSON: () => 'not called' }) })],
  ['toJSON returning a primitive', () => [{ toJSON: () => 5 }, { toJSON: () => NaN }, { toJSON: () => null }, { toJSON: () => 'x' }]],
  ['toJSON that is not a function', () => ({ toJSON: 'text', a: 1 })],
  ['toJSON on the prototype', () => Object.create({ toJSON: () => 'inherited' })],
  ['toJSON as a getter', () => ({ get toJSON() { return () => 'got'; } })],
  ['empty things', () => ['', {}, [], new Point(undefined), [[]], [{}], { '': '' }, withoutProto({})]],
  ['integers', () => [0, -0, 1, -1, 9, 10, 99, 100, 255, 65535, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53, -(2 ** 53), 2 ** 53 + 2]],
  ['NaN and infinities', () => ({ a: NaN, b: [Infinity, -Infinity], c: -NaN })],
  ['large numbers', () => [1e20, 123456789012345680000, 1e21, 1e22, -1e21, 1.5e300, Number.MAX_VALUE, 2 ** 64, 2 ** 63]],
  ['small numbers', () => [1e-5, 1e-6, 1e-7, 1.5e-7, -1e-7, 5e-324, Number.EPSILON, 0.000001234]],
  ['fractions', () => [0.1, 0.1 + 0.2, 1 / 3, 100.5, 4294967295.5, 1.005, 123456.789, 0.5, -0.5, 9007199254740993.5]],
  ['random doubles', () => randomDoubles(2000)],
  ['random decimals', () => randomDecimals(2000)],
  ['boxed primitives', () => [Object('text'), Object(1.5), Object(false), Object(true), Object(-0), Object(NaN), Object(Symbol('s'))]],
  ['a boxed string with its own toString', () => withProps(Object('text'), { toString: () => 'own text' })],
  ['a boxed number with its own valueOf', () => withProps(Object(1), { valueOf: () => 42 })],
  ['a boxed boolean with its own valueOf', () => withProps(Object(true), { valueOf: () => false })],
  ['a boxed string with properties', () => withProps(Object('text'), { extra: 1 })],
  ['a subclass of String', () => new Text('sub')],
  ['all controls', controls],
  ['each control by itself', () => [...controls()]],
  ['U+007F to U+009F', () => Array.from({ length: 0x21 }, (_, i) => String.fromCharCode(0x7f + i)).join('')],
  ['line separators', () => '\u2028 and \u2029'],
  ['latin-1 text', () => 'é'.repeat(1000)],
  ['text of many kinds', () => TEXT.repeat(50)],
  ['lone surrogates', () => ['\ud800', '\udfff', 'a\ud83db', '\udc00\ud800', '\ud83d\ude00', '\ud83d\ud83d\ude00', '\ude00\ude00']],
  ['lone surrogates in keys', () => ({ '\ud800': 1, 'a\udfff': 2, '\ud83d\ude00': 3 })],
  ['every UTF-16 code unit', everyUnit],
  ['random code units', () => randomText(20000)],
  ['a long ASCII text', () => 'x'.repeat(100_000)],
  ['a text joined from pieces', () => { let text = ''; for (let i = 0; i < 999; i++) text += `é${i}"`; return text; }],
  ['a slice of a longer text', () => TEXT.repeat(99).slice(13, 1234)],
  ['keys that need escapes', () => ({ 'a"b': 1, 'c\\d': 2, '\n': 3, '\u0000': 4, '\u2028': 5, 'ключ': 6, 'e/f': 7 })],
  ['keys like integers come first', () => ({ b: 1, 2: 'two', a: 2, 1: 'one', '-1': 3, '01': 4, '1.5': 5, 4294967294: 6, 4294967295: 7, 4294967296: 8 })],
  ['keys with a meaning', () => ({ constructor: 1, toString: 2, length: 3, hasOwnProperty: 4, then: 5, valueOf: 6 })],
  ['an own __proto__ key', () => ({ ['__proto__']: { a: 1 }, b: 2 })],
  ['an own __proto__ key from JSON', () => JSON.parse('{"__proto__":[1],"a":{"__proto__":null}}')],
  ['deleted and re-added keys', () => { const o = { a: 1, b: 2, c: 3 }; delete o.a; o.a = 4; return o; }],
  ['many keys', () => Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`key-${(i * 7919) % 3000}`, i]))],
  ['shared references', shared],
  ['typed arrays', () => [new Uint8Array([1, 255]), new Int16Array([-1]), new Uint8ClampedArray([300]), new Uint32Array(0)]],
  ['float arrays', () => [new Float32Array([0.1, 16777217, NaN]), new Float64Array([0.1, -0, Infinity])]],
  ['a long typed array', () => new Uint8Array(5000).fill(7)],
  ['a typed array with properties', () => withProps(new Uint8Array(2), { extra: 1 })],
  ['a BigInt array without elements', () => new BigInt64Array(0)],
  ['a Buffer', () => ({ data: Buffer.from('h\u00e9llo'), empty: Buffer.alloc(0) })],
  ['ArrayBuffers and a DataView', () => [new ArrayBuffer(4), new SharedArrayBuffer(4), new DataView(new ArrayBuffer(4))]],
  ['Map, Set and weak ones', () => [new Map([['a', 1]]), new Set([1]), new WeakMap(), new WeakSet()]],
  ['a Map with properties', () => withProps(new Map([['a', 1]]), { extra: 1 })],
  ['a RegExp', () => ({ re: /a"b/gi, own: withProps(/x/, { note: 1 }) })],
  ['errors', () => [new Error('hidden message'), new TypeError('t', { cause: 1 }), new AggregateError([new Error('a')], 'm')]],
  ['errors with properties', () => withProps(new Error('m'), { code: 'E1', details: { a: 1 }, message: 'reassigned' })],
  ['an error with toJSON', () => withProps(new Error('m'), { toJSON() { return { message: this.message }; } })],
  ['class instances', () => [new Point(1), new (class extends Point { y = 2; })(3)]],
  ['getters', () => ({ a: 1, get b() { return this.a + 1; }, get c() { return undefined; }, set d(value) {} })],
  ['a getter that removes a later key', () => ({ get a() { delete this.b; return 'a'; }, b: 2, c: 3 })],
  ['getters on the prototype', () => Object.create({ get inherited() { return 1; }, plain: 2 }, { own: { value: 3, enumerable: true } })],
  ['keys that are not enumerable', () => [hidden({ a: 1 }), withProps(hidden({ a: 1 }), { b: 2 })]],
  ['a null prototype', () => withoutProto({ a: 1, nested: withoutProto({ b: [1] }) })],
  ['sparse arrays', () => [[, 1, , 2, ,], new Array(5), withProps([], { 3: 'three' })]],
  ['a very sparse array', () => withProps([], { 2000: 'end' })],
  ['arrays with properties', () => withProps([1, 2], { extra: 'lost', '-1': 0 })],
  ['an array with toJSON', () => withProps([1, 2], { toJSON: () => 'list' })],
  ['an array with an element getter', () => Object.defineProperty([1, 2, 3], 1, { get: () => 'got', enumerable: true })],
  ['an array with inherited holes', () => Object.setPrototypeOf([, 1], Object.create(Array.prototype, { 0: { value: 'inherited' } }))],
  ['packed and holey arrays of doubles', () => [[1.5, 2.5], [1.5, , 2.5], [1, 2.5, 'x'], [NaN, -0]]],
  ['a subclass of Array', () => List.from([1, [2], { a: 3 }])],
  ['an array-like', () => ({ length: 2, 0: 'a', 1: 'b' })],
  ['arguments', () => (function () { return arguments; })(1, 'two')],
  ['a frozen tree', () => Object.freeze({ a: Object.freeze([1, Object.freeze({ b: 2 })]) })],
  ['a Proxy of an object', () => new Proxy({ a: 1, b: [2] }, {})],
  ['a Proxy of an array', () => new Proxy([1, { a: 2 }], {})],
  ['a Proxy of a function', () => ({ f: new Proxy(() => 1, {}), list: [new Proxy(() => 1, {})] })],
  ['a Proxy of a date', () => ({ plain: new Proxy({ date: new Date(0) }, {}) })],
  ['a Proxy of a boxed string', () => new Proxy(Object('ab'), { get: (target, key) => (key === 'toString' ? () => 'x' : target[key]) })],
  ['a Proxy with own keys', () => new Proxy({ a: 1, b: 2 }, { ownKeys: () => ['b', 'a'], get: (target, key) => (typeof key === 'string' && key !== 'toJSON' ? `${key}!` : undefined) })],
  ['a Proxy that hides a key', () => new Proxy({ a: 1, b: 2 }, { getOwnPropertyDescriptor: (target, key) => (key === 'a' ? undefined : Reflect.getOwnPropertyDescriptor(target, key)) })],
  ['a Proxy of an array with its own length', () => new Proxy([1, 2, 3], { get: (target, key) => (key === 'length' ? 2 : target[key]) })],
  ['things of another realm', () => vm.runInNewContext('({ list: [1, [2]], when: new Date(0), boxed: [Object("s"), Object(1), Object(true)], map: new Map(), error: new Error("e"), bytes: new Uint8Array(2), f() {} })')],
  ['a URL', () => ({ url: new URL('https://user@example.com:8443/a%20b?q=ü#h'), params: new URLSearchParams('a=1') })],
  ['web objects', () => [new Headers({ a: '1' }), new AbortController().signal, new TextEncoder(), new Blob(['x']), new Event('e').type]],
  ['promises, generators and iterators', () => [Promise.resolve(1), (function* () {})(), [1].values(), new Map().entries()]],
  ['a module namespace', () => ({ namespace: timers })],
  ['well-known objects', () => [Math, JSON, Reflect, Atomics, Intl]],
  ['an object with Symbol.toPrimitive', () => ({ o: { [Symbol.toPrimitive]: () => 'p', a: 1 } })],
  ['an object with Symbol.toStringTag', () => ({ get [Symbol.toStringTag]() { return 'Date'; }, a: 1 })],
  ['objects nested 500 deep', () => nest(500, (value) => ({ value }))],
  ['arrays nested 500 deep', () => nest(500, (value) => [value])],
  ['a wide and deep tree', () => nest(40, (value) => ({ id: 'n', list: [1, value, null], text: TEXT }))],
  ['ten thousand small objects', () => Array.from({ length: 10_000 }, (_, i) => ({ i, name: `n${i}`, ok: i % 2 === 0 }))],
];
