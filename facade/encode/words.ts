import { TextTooLongError } from './safe-json.js';
import { Shapes, type Shape } from './shapes.js';
import { writeBuffer } from './wire.js';

/** What a word says is in its lowest three bits; the others are a number. The grammar is in `src/wire/mod.rs`. */
const CONSTANT = 0;
const SHORT = 1;
const LONG = 2;
const INTEGER = 3;
const ARRAY = 4;
const OBJECT = 5;
const TEXT = 6;
const KIND = 7;
const BITS = 3;
/** The constants. Two words follow a double or a date. */
const NULL = (0 << BITS) | CONSTANT;
const FALSE = (1 << BITS) | CONSTANT;
const TRUE = (2 << BITS) | CONSTANT;
const DOUBLE = (3 << BITS) | CONSTANT;
const DATE = (4 << BITS) | CONSTANT;
const END = (5 << BITS) | CONSTANT;

/** Integers below this limit, and not below its negative, are a word. */
const MAX_INTEGER = 2 ** 28;
/**
 * Strings below this length are written together with all others: that costs less than to write each. Longer ones would
 * only be copied once more.
 */
const LONG_CHARS = 256;
/**
 * Short strings are added to a text until it has this length. V8 keeps an object for each of them until the text is
 * flat.
 */
const FLAT_CHARS = 64 * 1024;
/** The room for words at the start. */
const FIRST_WORDS = 1024;
/**
 * Room above `KEPT_WORDS` is kept only if the last buffer had as many words, and room above `MAX_KEPT_WORDS` never. New room
 * costs page faults.
 */
const KEPT_WORDS = 64 * 1024;
const MAX_KEPT_WORDS = 4 * 1024 * 1024;

const DOUBLES = new Float64Array(1);
const HALVES = new Uint32Array(DOUBLES.buffer);

/** The state of {@link Words} at some time: the number of words, and of the texts and strings behind them. */
export interface Position {
  length: number;
  short: string;
  flat: number;
  long: number;
}

/** Flattened records, as the engine reads them (`src/wire/mod.rs`). Methods that append throw `TextTooLongError` where there is no memory. */
export class Words {
  readonly shapes = new Shapes();
  /** The number of words; the first word is the number of shapes. */
  length = 1;
  #words = new Uint32Array(FIRST_WORDS);
  /** The number of words in the last buffer. */
  #written = 0;
  /**
   * The text of the last short strings. The object is made anew for each buffer: V8 notes each new string that an old object
   * gets, and that takes longer than to append it.
   */
  #last = { short: '' };
  /** The full texts of earlier short strings. */
  readonly #flat: string[] = [];
  readonly #long: string[] = [];

  null(): void {
    this.#push(NULL);
  }

  boolean(value: boolean): void {
    this.#push(value ? TRUE : FALSE);
  }

  /** Returns the number of characters that its JSON has at least. */
  number(value: number): number {
    const integer = value | 0;
    if (integer === value && integer < MAX_INTEGER && integer >= -MAX_INTEGER) {
      this.#push((integer << BITS) | INTEGER);
      return '0'.length;
    }
    this.#double(DOUBLE, value);
    return '0.5'.length;
  }

  string(value: string): void {
    if (value.length < LONG_CHARS) {
      this.#push((value.length << BITS) | SHORT);
      if (this.#last.short.length < FLAT_CHARS) this.#last.short += value;
      else this.#flatten(value);
    } else {
      this.#push(LONG);
      this.#long.push(value);
    }
  }

  date(ms: number): void {
    this.#double(DATE, ms);
  }

  /** JSON text: a whole record, or any value. */
  text(json: string): void {
    this.#push(TEXT);
    this.#long.push(json);
  }

  /** The kind of the records that follow. */
  kind(kind: number): void {
    this.#push((kind << BITS) | KIND);
  }

  array(length: number): void {
    this.#push((length << BITS) | ARRAY);
  }

  /** Returns the index of the word that {@link shape} sets when the keys are known. */
  beginObject(): number {
    return this.#push(OBJECT);
  }

  /** The values of these keys follow the object. With `more`, further keys and values follow, and {@link end}. */
  shape(index: number, shape: Shape, more: boolean): void {
    this.#words[index] = (((this.shapes.numberOf(shape) << 1) | (more ? 1 : 0)) << BITS) | OBJECT;
  }

  end(): void {
    this.#push(END);
  }

  position(): Position {
    return { length: this.length, short: this.#last.short, flat: this.#flat.length, long: this.#long.length };
  }

  /** Takes back what has been appended since then. */
  rewind({ length, short, flat, long }: Position): void {
    this.length = length;
    this.#last.short = short;
    this.#flat.length = flat;
    this.#long.length = long;
  }

  /** The bytes of all that has been appended. */
  write(): ArrayBuffer {
    const { texts } = this.shapes;
    this.#words[0] = texts.length;
    this.#written = this.length;
    const short = this.#flat.length > 0 ? [...this.#flat, this.#last.short].join('') : this.#last.short;
    return writeBuffer(this.#words.subarray(0, this.length), [...texts, short, ...this.#long]);
  }

  /** The memory is used again, and must not keep the strings alive. */
  clear(): void {
    const room = this.#words.length;
    if (room > MAX_KEPT_WORDS || (room > KEPT_WORDS && this.#written <= KEPT_WORDS)) this.#words = new Uint32Array(FIRST_WORDS);
    this.#last = { short: '' };
    this.rewind({ length: 1, short: '', flat: 0, long: 0 });
    this.shapes.clear();
  }

  #flatten(last: string): void {
    this.#flat.push([this.#last.short, last].join(''));
    this.#last.short = '';
  }

  #double(word: number, value: number): void {
    DOUBLES[0] = value;
    this.#push(word);
    this.#push(HALVES[0]!);
    this.#push(HALVES[1]!);
  }

  #push(word: number): number {
    if (this.length === this.#words.length) this.#grow();
    this.#words[this.length] = word;
    return this.length++;
  }

  #grow(): void {
    let words: Uint32Array<ArrayBuffer>;
    try {
      words = new Uint32Array(2 * this.#words.length);
    } catch {
      throw new TextTooLongError();
    }
    words.set(this.#words);
    this.#words = words;
  }
}
