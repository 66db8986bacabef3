// Values that are small in memory, but very long or endless as JSON: [name, make, what happens to the record]. The third
// is the reason of the drop, 'replaced' when the record is sent with other values in their place, or 'either' where that
// depends on the depth of the stack. `make` makes a new value each time.
const MIB = 1 << 20;

const nest = (depth, wrap) => {
  let value = 1;
  for (let i = 0; i < depth; i += 1) value = wrap(value);
  return value;
};
const getters = (...names) => {
  const fresh = () => Object.defineProperties({}, Object.fromEntries(names.map((name) => [name, { get: fresh, enumerable: true }])));
  return fresh();
};
const anew = (...names) => {
  const fresh = () => ({ toJSON: () => Object.fromEntries(names.map((name) => [name, fresh()])) });
  return fresh();
};
const thrower = (message) => ({ get() { throw new Error(message); }, enumerable: true });

export const GRAPHS = [
  ['a text over maxRecordBytes', () => 'x'.repeat(20 * MIB), 'recordTooLarge'],
  ['a text that is over maxRecordBytes only in UTF-8', () => 'ü'.repeat(10 * MIB), 'recordTooLarge'],
  ['a text that is over maxRecordBytes only when it is escaped', () => '\u0001'.repeat(10 * MIB), 'recordTooLarge'],
  ['a long array of texts', () => Array(1000).fill('x'.repeat(MIB)), 'recordTooLarge'],
  ['objects that share references, 2^40 wide', () => nest(40, (value) => ({ left: value, right: value })), 'recordTooLarge'],
  ['arrays that share references, 2^40 wide', () => nest(40, (value) => [value, value]), 'recordTooLarge'],
  ['toJSON over shared references, 2^40 wide', () => nest(40, (value) => ({ toJSON: () => ({ left: value, right: value }) })), 'recordTooLarge'],
  ['a getter that answers fresh objects for ever', () => getters('next'), 'replaced'],
  ['two getters that answer fresh objects for ever', () => getters('left', 'right'), 'either'],
  ['a toJSON that answers itself anew', () => anew('next'), 'replaced'],
  ['a toJSON that answers itself anew, twice', () => anew('left', 'right'), 'either'],
  ['an array without elements, 2^32 - 1 long', () => new Array(2 ** 32 - 1), 'recordTooLarge'],
  ['10 MiB of bytes', () => new Uint8Array(10 * MIB).fill(255), 'recordTooLarge'],
  ['10 MiB of bytes in a Buffer', () => Buffer.alloc(10 * MIB, 255), 'recordTooLarge'],
  ['50,000 getters that throw', () => Object.defineProperties({}, Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`key${i}`, thrower(`trap ${i}`)]))), 'replaced'],
  ['50,000 BigInts', () => Array.from({ length: 50_000 }, (_, i) => BigInt(i)), 'replaced'],
];
