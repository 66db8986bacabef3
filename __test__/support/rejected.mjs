// Values that JSON.stringify rejects: [name, factory, what ours sends instead]. The peer loses the whole batch because of
// any of them, so there is nothing to compare with.
const cyclicObject = () => {
  const value = { a: 1 };
  value.self = value;
  return { ...value, inner: value };
};
const cyclicArray = () => {
  const value = [1];
  value.push(value, 2);
  return value;
};
const longCycle = () => {
  const value = { b: { c: [{}] } };
  value.b.c[0].top = value;
  return value;
};
const besideShared = () => {
  const part = { id: 1 };
  const value = { first: part, second: part };
  value.self = value;
  return value;
};
const fail = (message) => () => {
  throw new Error(message);
};
const throwing = (thrown) => ({ get bad() { throw thrown; }, after: 1 });
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

export const REJECTED = [
  ['a BigInt', () => 123n, '123n'],
  ['a negative BigInt beyond 64 bits', () => -(2n ** 80n), '-1208925819614629174706176n'],
  ['a boxed BigInt', () => Object(5n), '5n'],
  ['BigInts in an array', () => [1n, [2n], 3], ['1n', ['2n'], 3]],
  ['a BigInt in an object', () => ({ a: 1, b: 2n, c: 3 }), { a: 1, b: '2n', c: 3 }],
  ['a BigInt array', () => new BigInt64Array([1n, -2n]), { 0: '1n', 1: '-2n' }],
  ['a cycle through an object', cyclicObject, { a: 1, self: { a: 1, self: '[Circular]' }, inner: { a: 1, self: '[Circular]' } }],
  ['a cycle through an array', cyclicArray, [1, '[Circular]', 2]],
  ['a long cycle', longCycle, { b: { c: [{ top: '[Circular]' }] } }],
  ['a cycle beside shared references', besideShared, { first: { id: 1 }, second: { id: 1 }, self: '[Circular]' }],
  ['a getter that throws', () => throwing(new Error('no luck')), { bad: '[Throws: no luck]', after: 1 }],
  ['a getter that throws "quotes"', () => throwing(new TypeError('a "b" \\ \n ü')), { bad: '[Throws: a "b" \\ \n ü]', after: 1 }],
  ['a getter that throws text', () => throwing('just text'), { bad: '[Throws: just text]', after: 1 }],
  ['a toJSON that throws', () => ({ a: 1, toJSON: fail('no json') }), '[Throws: no json]'],
  ['a function whose toJSON throws', () => Object.assign(() => {}, { toJSON: fail('no function') }), '[Throws: no function]'],
  ['a toJSON getter that throws', () => ({ a: 1, get toJSON() { throw new Error('no getter'); } }), '[Throws: no getter]'],
  ['a toJSON that returns a BigInt', () => ({ toJSON: () => 9n }), '9n'],
  ['a toJSON that returns its cycle', () => ({ toJSON: longCycle }), { b: { c: [{ top: '[Circular]' }] } }],
  ['a date whose toISOString throws', () => Object.assign(new Date(0), { toISOString: fail('no iso') }), '[Throws: no iso]'],
  ['a boxed string whose toString throws', () => Object.assign(Object('x'), { toString: fail('no text') }), '[Throws: no text]'],
  ['a boxed number whose valueOf throws', () => Object.assign(Object(1), { valueOf: fail('no value') }), '[Throws: no value]'],
  ['a Proxy whose ownKeys trap throws', () => new Proxy({}, { ownKeys: fail('no keys') }), '[Throws: no keys]'],
  ['a Proxy whose get trap throws', () => new Proxy({ a: 1 }, { get: fail('no get') }), '[Throws: no get]'],
  ['a Proxy of an array that throws at 1', () => new Proxy([1, 2, 3], { get: (list, key) => (key === '1' ? fail('no element')() : list[key]) }), [1, '[Throws: no element]', 3]],
  ['a revoked Proxy', revoked, "[Throws: Cannot perform 'get' on a proxy that has been revoked]"],
  ['nested within arrays', () => [[{ deep: [throwing(new Error('deep')), 4n] }]], [[{ deep: [{ bad: '[Throws: deep]', after: 1 }, '4n'] }]]],
];
