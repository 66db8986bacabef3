import v8 from 'node:v8';

/**
 * An element of a buffer as `src/wire` reads it: the number of a kind before records of that kind, a record, or a
 * record that is JSON text already.
 */
export type Element = number | object | string;

const PROBE = [1, { a: 1.5, b: '\u{FF}', c: '\u{100}', d: undefined, e: null }, [true], new Date(0)];
/** What version 15 of V8's format makes of it: the one that is understood (src/wire/tag.rs), in Node 20 to 26. */
const PROBE_BYTES =
  'ff0f410449026f2201614e000000000000f83f2201622201ff220163630200012201645f220165307b05410154240001440000000000000000240004';

/** Whether records can be handed over as they are. Not so where the engine is not V8, or one of another version. */
export const CLONES = isUnderstood();

/**
 * Writes the elements into one buffer. Without {@link CLONES} there may be no records among them.
 *
 * @throws what the records' getters throw, `DataCloneError` for what cannot be cloned.
 */
export const writeElements: (elements: readonly Element[]) => Uint8Array = CLONES ? clone : writeTexts;

function clone(value: unknown): Uint8Array {
  // A new one each time: it remembers, and keeps, every object that it has written.
  const serializer = new v8.Serializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

function isUnderstood(): boolean {
  try {
    return Buffer.from(clone(PROBE)).toString('hex') === PROBE_BYTES;
  } catch {
    return false;
  }
}

/** The same form, with the texts in UTF-8. */
function writeTexts(elements: readonly Element[]): Uint8Array {
  const parts = [Buffer.of(0xff, 15), tagged('A', elements.length)];
  for (const element of elements) {
    if (typeof element === 'number') {
      parts.push(tagged('I', element * 2));
    } else {
      const text = Buffer.from(String(element));
      parts.push(tagged('S', text.length), text);
    }
  }
  parts.push(tagged('$', 0), varint(elements.length));
  return Buffer.concat(parts);
}

function tagged(tag: string, value: number): Buffer {
  return Buffer.concat([Buffer.from(tag), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return Buffer.of(...bytes, rest);
}
