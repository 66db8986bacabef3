// Spans of unusual shapes: [name, factory]. What matters here is the span itself, not its values.
import { makeSpan } from './events.mjs';

const without = (...keys) => {
  const span = makeSpan();
  for (const key of keys) delete span[key];
  return span;
};

class SpanClass {
  #hidden = 1;
  constructor() {
    Object.assign(this, makeSpan('of a class'));
  }
  get computed() {
    return this.#hidden;
  }
  toJSON() {
    return 'the prototype is not copied';
  }
}

export const SPAN_SHAPES = [
  ['a plain span', () => makeSpan()],
  ['no id', () => without('id')],
  ['no type', () => without('type')],
  ['no times', () => without('startTime', 'endTime')],
  ['endTime undefined', () => makeSpan('s', { endTime: undefined })],
  ['endTime null', () => makeSpan('s', { endTime: null })],
  ['endTime 0 and errorInfo empty', () => makeSpan('s', { endTime: 0, errorInfo: '' })],
  ['times as numbers and text', () => makeSpan('s', { startTime: 1767323045006, endTime: '2026-01-02T03:04:05Z' })],
  ['invalid times', () => makeSpan('s', { startTime: new Date(NaN), endTime: new Date(NaN) })],
  ['errorInfo', () => makeSpan('s', { errorInfo: { message: 'boom', id: 'E', domain: 'TOOL', details: { a: 1 } } })],
  ['errorInfo null', () => makeSpan('s', { errorInfo: null })],
  ['errorInfo an Error', () => makeSpan('s', { errorInfo: new Error('boom') })],
  ['errorInfo false', () => makeSpan('s', { errorInfo: false })],
  ['the empty span', () => ({})],
  ['the fields we add, set before', () => makeSpan('s', { spanId: 'x', spanType: 'y', startedAt: 1, endedAt: 2, error: 3, updatedAt: 5 })],
  ['the fields we add come first', () => ({ updatedAt: 1, error: 2, spanId: 3, ...makeSpan() })],
  ['createdAt set before', () => ({ createdAt: 'the past', ...makeSpan() })],
  ['an event span', () => makeSpan('s', { isEvent: true, endTime: undefined })],
  ['internal and tagged', () => makeSpan('s', { isInternal: true, tags: ['a', 'b'], parentSpanId: 'p', entityType: 'agent', entityId: 'e' })],
  ['a getter on the span', () => Object.defineProperty(makeSpan(), 'lazy', { get: () => ({ computed: 1 }), enumerable: true })],
  ['a getter for the id', () => Object.defineProperty(without('id'), 'id', { get: () => 'got', enumerable: true })],
  ['a getter counts its reads', () => {
    let reads = 0;
    return Object.defineProperty(makeSpan(), 'reads', { get: () => ++reads, enumerable: true });
  }],
  ['a getter that is not enumerable', () => Object.defineProperty(makeSpan(), 'lazy', { get: () => 1 })],
  ['an id that is not enumerable', () => Object.defineProperty(without('id'), 'id', { value: 'hidden' })],
  ['fields on the prototype', () => Object.create({ inherited: 1, id: 'of the prototype' }, Object.getOwnPropertyDescriptors(without('id')))],
  ['an instance of a class', () => new SpanClass()],
  ['own toJSON', () => makeSpan('s', { toJSON() { return { only: this.spanId, keys: Object.keys(this) }; } })],
  ['own toJSON returning undefined', () => makeSpan('s', { toJSON() {} })],
  ['own toJSON returning text', () => makeSpan('s', { toJSON: () => 'text' })],
  ['own toJSON that is not a function', () => makeSpan('s', { toJSON: { a: 1 } })],
  ['functions and symbols as fields', () => makeSpan('s', { end() {}, tag: Symbol('t'), [Symbol('key')]: 1 })],
  ['a frozen span', () => Object.freeze(makeSpan())],
  ['a span without a prototype', () => Object.assign(Object.create(null), makeSpan())],
  ['a Proxy of a span', () => new Proxy(makeSpan(), {})],
  ['a Proxy that computes fields', () => new Proxy(makeSpan(), { get: (target, key) => (key === 'name' ? 'computed' : target[key]) })],
  ['an array as span', () => ['a', 'b']],
  ['keys like integers on the span', () => ({ z: 1, 2: 'two', 1: 'one', ...makeSpan() })],
  ['an own __proto__ key on the span', () => Object.defineProperty(makeSpan(), '__proto__', { value: { a: 1 }, enumerable: true })],
  ['numbers as ids', () => makeSpan(5, { traceId: 6, type: 7 })],
  ['objects as ids', () => makeSpan('s', { id: { toJSON: () => 'json id' }, type: ['t'] })],
  ['dates of another kind', () => makeSpan('s', { startTime: { toJSON: () => 'start' }, endTime: { toJSON: () => undefined } })],
  ['a toJSON that reads the record', () => makeSpan('s', { input: { toJSON() { return Object.keys(this); } } })],
];
