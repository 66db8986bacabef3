/** A key of an object and the keys before it. */
export interface Shape {
  /** The last key. */
  readonly key: string;
  /** The keys before it; `undefined` where there are no keys at all. */
  readonly before: Shape | undefined;
  /** The number of keys. */
  readonly size: number;
  /** The shape that was made first of those with one more key. */
  next: Shape | undefined;
  /** The others with one more key, by that key. */
  others: Map<string, Shape> | undefined;
  /** Those of `others` that were looked up last: comparing a few keys takes less time than the map. */
  readonly recent: Shape[];
  /** The index in `recent` of the one that is replaced next. */
  oldest: number;
  /** The keys, as they are written. */
  text: string | undefined;
  /** The buffer in which the shape has its number. */
  buffer: number;
  /** Counted from 1; 0 is the shape without keys. */
  number: number;
}

/** The number of shapes in `recent`. */
const MAX_RECENT = 8;
/** Between two keys. A key that contains it is in no shape. */
const SEPARATOR = '\0';
/** The limits on the keys of a shape and on the shapes: some objects have other keys each time. */
const MAX_KEYS = 64;
const MAX_KEY_CHARS = 64;
const MAX_SHAPES = 2048;
/** All shapes are made anew after this number of objects whose next key found no room. */
const MAX_UNKNOWN = 4 * MAX_SHAPES;
/** All shapes are made anew after their texts have this number of characters together. */
const MAX_TEXT_CHARS = 1024 * 1024;

/** The keys of objects, which a buffer names once: objects with the same keys in the same order share a shape. */
export class Shapes {
  /** The shape without keys. */
  root = shapeOf('', undefined);
  /** The keys of each shape that the present buffer uses. */
  readonly texts: string[] = [];
  #buffer = 1;
  #count = 0;
  #unknown = 0;
  #textChars = 0;

  /** The shape with one more key; `undefined` where there is none, and none may be added. */
  after(shape: Shape, key: string): Shape | undefined {
    const { next, recent } = shape;
    if (next !== undefined && next.key === key) return next;
    for (let index = 0; index < recent.length; index += 1) {
      const other = recent[index]!;
      if (other.key === key) return other;
    }
    return this.#other(shape, key);
  }

  /** The number of the shape in the present buffer. */
  numberOf(shape: Shape): number {
    if (shape.buffer !== this.#buffer && shape.before !== undefined) {
      shape.buffer = this.#buffer;
      shape.text ??= this.#textOf(shape);
      shape.number = this.texts.push(shape.text);
    }
    return shape.number;
  }

  /** Begins the next buffer. */
  clear(): void {
    this.texts.length = 0;
    this.#buffer += 1;
    if (this.#unknown < MAX_UNKNOWN && this.#textChars < MAX_TEXT_CHARS) return;
    this.root = shapeOf('', undefined);
    this.#count = 0;
    this.#unknown = 0;
    this.#textChars = 0;
  }

  #textOf(last: Shape): string {
    const keys: string[] = [];
    for (let shape = last; shape.before !== undefined; shape = shape.before) keys.push(shape.key);
    const text = keys.reverse().join(SEPARATOR);
    this.#textChars += text.length;
    return text;
  }

  #other(shape: Shape, key: string): Shape | undefined {
    const known = shape.others?.get(key);
    if (known) return remembered(shape, known);
    if (this.#count >= MAX_SHAPES) this.#unknown += 1;
    if (this.#count >= MAX_SHAPES || shape.size >= MAX_KEYS || key.length > MAX_KEY_CHARS || key.includes(SEPARATOR)) return undefined;
    this.#count += 1;
    const added = shapeOf(key, shape);
    if (!shape.next) return (shape.next = added);
    (shape.others ??= new Map()).set(key, added);
    return remembered(shape, added);
  }
}

function remembered(shape: Shape, other: Shape): Shape {
  shape.recent[shape.oldest] = other;
  shape.oldest = (shape.oldest + 1) % MAX_RECENT;
  return other;
}

function shapeOf(key: string, before: Shape | undefined): Shape {
  return { key, before, size: before ? before.size + 1 : 0, next: undefined, others: undefined, recent: [], oldest: 0, text: undefined, buffer: 0, number: 0 };
}
