// Prints the table as JSON lines: { group, name, hex, records }. `hex` are the bytes that the facade makes of the records
// with the real serializer. `records` are the texts that JSON.stringify makes of them, in the same order. A case that is
// an expression has the expression as its name.
import assert from 'node:assert/strict';

import { facadeModule } from '../../__test__/support/facade.mjs';

const { flatten } = await facadeModule('encode/flat');
const { Replacements } = await facadeModule('encode/replacements');
const { TextTooLongError } = await facadeModule('encode/safe-json');
const { Words } = await facadeModule('encode/words');

const LOGS = 1;
const SPANS = 0;
const COMPLETE_SPANS = 5;
/** When the spans are exported; tests/wire/main.rs gives the same. */
const NOW_MS = 1_790_000_000_123;
const MAX_CHARS = 2 ** 24;

/** A record that is given up in the middle. */
const GIVEN_UP = { a: { b: 'x'.repeat(300), c: [1.5, 'y', { 'new key': 1 }] }, d: 'z'.repeat(MAX_CHARS + 1) };

/** Elements are kinds, records and texts. `words` may have been used before. */
function bytesOf(name, elements, words = new Words()) {
  words.clear();
  for (const element of elements) {
    if (typeof element === 'number') words.kind(element);
    else if (typeof element === 'string') words.text(element);
    else if (element === GIVEN_UP) assert.throws(() => flatten(element, words, MAX_CHARS, new Replacements()), TextTooLongError);
    else assert.ok(flatten(element, words, MAX_CHARS, new Replacements()) >= 0, name);
  }
  return Buffer.from(words.write());
}

function emit(group, name, elements, records, words) {
  console.log(JSON.stringify({ group, name, hex: bytesOf(name, elements, words).toString('hex'), records }));
}

/** One record that holds the value; judged by JSON.stringify. */
function value(group, name, make) {
  const record = { v: make() };
  emit(group, name, [LOGS, record], [JSON.stringify(record)]);
}

const expressions = (group, list) => list.forEach((text) => value(group, text, () => (0, eval)(`(${text})`)));

expressions('tags', [
  'undefined', 'null', 'true', 'false', '0', '-1', '1.5', '""', '"a"', '"ä"', '"漢"', '{}', '{a:1}', '[]', '[1]', '[,]', '[1,,2]',
  'new Date(0)', '{a:undefined,b:1}', '{a:1,b:undefined}', '{a:undefined}', '[undefined]', '[null,undefined,,true]',
  '[[],[[]],{}]', '{a:{b:{c:{}}}}', 'Object.create(null)', 'Object.assign(Object.create(null),{a:1})', 'Object.freeze({a:[1]})',
  '{get a(){return 1}}', '[1.5,2.5]', '[1.5,,2.5]', '[NaN,-0,1e21]', '{__proto__:null,a:1}', 'JSON.parse(\'{"__proto__":1}\')',
]);

expressions('numbers', [
  '-0', 'NaN', 'Infinity', '-Infinity', '1e21', '1e20', '999999999999999900000', '-1e21', '1e-6', '1e-7', '-1e-7', '5e-324', '1.7976931348623157e308',
  '0.1', '0.1+0.2', '123456789.123', '100', '1e5', '1700000000000', '4.35', '2**0.5', '1/3', '-1/3',
  ...[7, 8, 14, 15, 21, 27, 28, 29, 30, 31, 32, 33, 52, 53, 54, 63, 64, 69, 70].flatMap((power) => [`2**${power}`, `2**${power}-1`, `2**${power}+1`, `-(2**${power})`, `-(2**${power})-1`]),
  '2**31+0.5', '2**53+2', '-(2**53)-2', '2**53-0.5', '9007199254740993', '0x7fffffff', '0xffffffff',
]);

const ESCAPES = ['"', '\\', '\b', '\t', '\n', '\f', '\r', '\0', '\x01', '\x1f', '\x7f', '\x80', '\xff', '/', "'", '\u2028', '\u2029', '\ufeff', '\uffff', '\u07ff', '\u0800'];
const UNITS = [...ESCAPES, '\ud800', '\udbff', '\udc00', '\udfff', '\u{1f600}', '\u{10ffff}', '\ud800\ud800\udc00', '\udc00\ud800', 'Ā'];
for (const unit of UNITS) {
  // At each place of a chunk of 32 bytes or 16 units, in one-byte and in two-byte strings.
  for (const before of [0, 1, 2, 7, 14, 15, 16, 17, 30, 31, 32, 33, 47, 63, 64, 65]) {
    for (const [kind, rest] of [['', 'y'.repeat(40)], ['two-byte ', `${'y'.repeat(40)}Ā`], ['short ', '']]) {
      value('strings', `${kind}${JSON.stringify(unit)} after ${before}`, () => 'x'.repeat(before) + unit + rest);
    }
  }
}
for (let length = 0; length < 70; length += 1) {
  for (const char of ['x', 'é', '漢', '😀', '\u0100x']) value('strings', `${length} of ${char}`, () => char.repeat(length));
}
for (let code = 0; code < 0x10000; code += 4096) {
  value('strings', `units from ${code.toString(16)}`, () => String.fromCharCode(...Array.from({ length: 4096 }, (_, index) => code + index)));
}
// Padding: the characters of a two-byte string begin at an even offset in the buffer.
for (let length = 0; length < 20; length += 1) value('strings', `two-byte after ${length}`, () => ['x'.repeat(length), '漢字', { ['漢'.repeat(length + 1)]: '字' }]);
value('strings', 'a cons string', () => `${'ab'.repeat(20)}${Math.random() < 2 ? 'cd'.repeat(20) : ''}漢`);
value('strings', 'a slice', () => `${'0123456789'.repeat(10)}`.slice(3, 60));

expressions('keys', [
  '{"":1}', '{"a b":1}', '{"\\"":1}', '{"é":1}', '{"漢":1}', '{"\\ud800":1}', '{1:"a",0:"b"}', '{"01":1}', '{"-1":1}', '{"1.5":1}', '{4294967294:1}', '{4294967295:1}', '{4294967296:1}',
  '{2147483647:1}', '{2147483648:1}', '{1073741823:1}', '{1073741824:1}', '{b:1,a:2,1:3,0:4}', '{["x".repeat(200)]:1}', '{"\\n":{"\\t":1}}',
]);

/** `count` keys that begin with `name`, with their numbers as values. */
const keys = (count, name) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`${name}${index}`, index]));
for (const [name, make] of Object.entries({
  'the same keys again': () => [{ a: 1, b: 2 }, { a: 3, b: 4 }],
  'the first keys only': () => [{ a: 1, b: 2, c: 3 }, { a: 1 }, { a: 1, b: 2 }, {}, { a: 1, b: 2, c: 3 }],
  'another order': () => [{ a: 1, b: 2 }, { b: 2, a: 1 }, { b: 2 }],
  'keys of both widths': () => [{ a: 1, 漢: 2, é: 3 }, { a: 'é', é: '漢' }, { 漢: { 漢: 1 } }],
  'an empty key': () => [{ '': 1 }, { '': { '': 1 }, a: 2 }, { a: 1, '': 2 }],
  'a key with NUL': () => [{ 'a\0b': 1 }, { a: 1, 'b\0': 2, c: 3 }, { a: 1, b: 2 }, { '\0': [] }],
  'keys left out': () => [{ a: undefined, b: 1 }, { a: () => {}, b: 1 }, { a: 1, b: Symbol('s'), c: undefined }, { a: () => {} }, { 'a\0': () => {}, 'b\0': undefined, c: 1 }],
  'keys left out with a shape of their own': () => [{ a: 1, b: { toJSON() {} }, c: 'x' }, { a: 1, c: 'x' }],
  '64 keys': () => keys(64, 'k'), '65 keys': () => keys(65, 'k'), '200 keys': () => [keys(200, 'k'), keys(70, 'k'), keys(64, 'k')],
  'keys of 64 and 65 characters': () => ({ ['x'.repeat(64)]: 1, ['y'.repeat(65)]: 2, ['z'.repeat(300)]: 3, a: 4 }),
  'objects within keys beside their values': () => ({ 'a\0': { 'b\0': { c: 1 }, d: [{ e: 'x', 'f\0': 'y' }] }, g: { h: 1 } }),
  'other keys each time': () => Array.from({ length: 3000 }, (_, index) => ({ [`k${index}`]: { [`v${index}`]: 'x', same: index } })),
  'very many keys': () => keys(12_000, 'only here '),
  'strings around the length of long ones': () => [254, 255, 256, 257, 511, 512].flatMap((length) => ['x'.repeat(length), 'é'.repeat(length), '漢'.repeat(length)]),
  'short strings of one width': () => ['é', 'a', '', 'b'], 'short strings of both widths': () => ['é', '漢', '', 'b', '\ud83d', '\ude00'],
})) value('shapes', name, make);
// Buffers of the same exporter, one after the other: shapes have other numbers in each, and are made anew now and then.
const used = new Words();
for (let times = 1; times <= 12; times += 1) {
  const records = Array.from({ length: times % 3 + 1 }, (_, index) => ({ ...keys(3, 'k'), inner: keys(index + 1, 'i'), [`new ${times}`]: { only: keys(times * 60, `${times} `) }, text: 'x'.repeat(255 + index) }));
  emit('shapes', `the same words for the buffer ${times}`, [LOGS, GIVEN_UP, ...records.flatMap((record) => [record, GIVEN_UP])], records.map((record) => JSON.stringify(record)), used);
}
value('shapes', 'very many short strings, and values that are taken back among them', () => Array.from({ length: 3000 }, (_, index) => [`${index} `.repeat(20), { get a() { return 'b'.repeat(40); }, b: 'é' }, () => {}]));

expressions('arrays', [
  '[,,1]', '[1,,]', 'Array(3)', '(a=>{a[100]=1;return a})([])', '(a=>{a[5000]=1;return a})([0])', '(a=>{a[2000000]=1;a.length=10;return a})([1])',
  '(a=>{a.length=3000;return a})([1])', '(a=>{a.x=1;return a})([1,2])', '(a=>{a.x={y:[1]};a["-1"]=2;return a})([1])', '(a=>{a[3000]="z";a.named="n";a[1]=2;return a})([])',
  '(a=>{delete a[1];return a})([1,2,3])', '(a=>{a["4294967295"]=1;return a})([1])', 'Array.from({length:300},(_, i)=>i)', 'Array.from({length:300},(_, i)=>i/2)', '[[[[[[]]]]]]',
  '(a=>{a[9000]=[{a:1},,new Date(1)];return a})([])',
]);

expressions('dates', [
  'NaN', '0', '1', '-1', '999', '1000', '59999', '60000', '3599999', '86399999', '86400000', '-86400000', '951782400000', '951868799999', '4107542399999', '1709164800000', '1790000000123',
  '8.64e15', '-8.64e15', '253402300799999', '253402300800000', '-62135596800000', '-62167219200000', '-62167219200001', '-1e14', '68256e9', '1e12', '-2208988800000', '13569465600000',
].flatMap((ms) => [`new Date(${ms})`, `[new Date(${ms}),{a:new Date(${ms})}]`]));
for (let day = -800_000; day < 3_000_000; day += 997) value('dates', `day ${day}`, () => new Date(day * 86_400_000 + 12_345));

const shared = (make) => make({ a: [1, { b: 'c' }] }, [1, 2], new Date(5));
for (const [name, make] of Object.entries({
  'an object twice': (o) => [o, o],
  'an array twice': (_, a) => ({ x: a, y: a }),
  'a date twice': (_, __, d) => [d, d, { d }],
  'an inner object after the outer': (o) => [o, o.a, o.a[1]],
  'the inner first': (o) => [o.a[1], o.a, o],
  'empty ones': () => { const [o, a] = [{}, []]; return [o, a, o, a]; },
  'as array properties that are not shown': (o) => { const list = [1]; list.hidden = o; return [list, o, list]; },
  'in long arrays of holes': (o) => { const list = []; list[3000] = o; return [list, o, list]; },
  'in an undefined neighbourhood': (o) => ({ a: undefined, b: o, c: undefined, d: o }),
  'a pyramid': () => { let o = { leaf: 'x' }; for (let depth = 0; depth < 10; depth += 1) o = { l: o, r: o }; return o; },
  '300 objects, then all again': () => { const list = Array.from({ length: 300 }, (_, id) => ({ id })); return [list, [...list].reverse()]; },
})) value('sharing', name, () => shared(make));

// Records of several kinds in one buffer, some with parts in common.
const common = { model: 'm', tags: ['a', 'b'], at: new Date(7) };
const span = (extra) => ({ id: 's1', traceId: 't', name: 'n', type: 'agent_run', startTime: new Date(1), ...extra });
/** Wire contract of the peer; facade/encode/records.ts makes the same. */
const complete = (exported) => JSON.stringify({
  ...exported, spanId: exported.id, spanType: exported.type, startedAt: exported.startTime, endedAt: exported.endTime ?? null,
  error: exported.errorInfo ?? null, createdAt: new Date(NOW_MS), updatedAt: null,
});
const json = JSON.stringify;
const log = { message: 'same', common };
const ended = span({ endTime: new Date(2), errorInfo: { message: 'x', details: [1] }, attributes: common });
for (const [name, elements, records] of [
  ['no record', [], []],
  ['a kind without records', [LOGS], []],
  ['several kinds', [SPANS, ended, LOGS, log, 2, { value: 1 }, 3, { score: 1 }, 4, { f: 1 }, SPANS, span()], [complete(ended), json(log), '{"value":1}', '{"score":1}', '{"f":1}', complete(span())]],
  ['the same log twice', [LOGS, log, log], [json(log), json(log)]],
  ['the same span twice', [SPANS, ended, ended, LOGS, { ended }], [complete(ended), complete(ended), json({ ended })]],
  ['a log in a span and the other way round', [LOGS, log, SPANS, span({ log }), LOGS, { log, ended }], [json(log), complete(span({ log })), json({ log, ended })]],
  ['a complete span', [COMPLETE_SPANS, ended, SPANS, ended], [json(ended), complete(ended)]],
  ['a span with nothing', [SPANS, {}], [complete({})]],
  ['a span with undefined and null', [SPANS, span({ id: undefined, endTime: null, errorInfo: undefined, type: null })], [complete(span({ id: undefined, endTime: null, errorInfo: undefined, type: null }))]],
  ['texts between records', [LOGS, log, '{"text":1}', log, '"é"', '"Ã©"', '"漢"', SPANS, '{"whole":true}', ended], [json(log), '{"text":1}', json(log), '"é"', '"Ã©"', '"漢"', '{"whole":true}', complete(ended)]],
  ['an empty record', [LOGS, {}], ['{}']],
]) emit('records', name, elements, records);

// Objects of classes.
class Money { constructor(amount) { this.amount = amount; } toJSON(key) { return { amount: this.amount, key }; } }
class Point { x = 1; get inherited() { return 2; } }
for (const [name, make] of Object.entries({
  'a class instance': () => new Point(), toJSON: () => new Money(5), 'a toJSON in an array': () => [new Money(5), new Money('é')], 'a Map': () => new Map([[1, 2]]), 'a Buffer': () => Buffer.from('ab'),
  'a typed array': () => new Uint8Array([7, 8]), 'boxed values': () => [Object('s'), Object(1.5), Object(false)], 'a function': () => ({ left: () => {}, a: [() => {}, Symbol('s')], b: 1 }),
  'a toJSON that returns undefined': () => ({ left: { toJSON() {} }, a: [{ toJSON() {} }], b: 1 }), 'a toJSON that returns a Date': () => ({ toJSON: () => new Date(0) }),
})) value('disguises', name, () => [make(), { after: 1 }]);

// Objects whose prototype is that of plain objects, but which JSON.stringify treats differently.
const disguised = (object) => Object.setPrototypeOf(object, Object.prototype);
for (const [name, make] of Object.entries({
  Map: () => disguised(new Map([[{ a: 1 }, [2]]])), Set: () => disguised(new Set([1, {}])), RegExp: () => disguised(/x"/gi),
  Error: () => disguised(new TypeError('m', { cause: { a: 1 } })), ArrayBuffer: () => disguised(new ArrayBuffer(5)),
  Uint8Array: () => disguised(new Uint8Array([7, 8])), Proxy: () => new Proxy({ a: [1] }, {}), 'a proxied array': () => new Proxy([1, , 'b'], {}),
  'a class': () => disguised(class { static a = 1; }.prototype), arguments: () => (function () { return disguised(arguments); })(1, 'b'),
})) value('disguises', name, () => [make(), { after: 1 }]);

// Parts deeper than 128 levels are texts.
const deep = (levels) => { let value = 1; for (let level = 0; level < levels; level += 1) value = level % 2 ? [value] : { v: value }; return value; };
for (const levels of [1, 2, 64, 127, 128, 129, 130, 300]) value('depth', `${levels} levels`, () => deep(levels));
