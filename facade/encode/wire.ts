import v8 from 'node:v8';

/** A part of longer memory, as the words of a buffer are. All platforms of this package have the same order of bytes. */
const PROBE_WORDS = Uint32Array.of(1, 0x01020304, 5).subarray(0, 2);
/**
 * The bytes of the probe, with strings of both widths in version 15 of V8's format, which the engine reads (src/wire/tag.rs). Node 20
 * to 26 write it.
 */
const PROBE_BYTES = 'ff0f02010000000403020141032201612201ff0063020001240003';

/**
 * Whether the engine can read what `v8.Serializer` writes. False where the JS engine is not V8, or V8 has another
 * version of the format.
 */
export const IS_V8 = isUnderstood();

/** Makes one buffer of words and strings, and empties `strings`. Without {@link IS_V8} the words may contain only kinds and texts. */
export function writeBuffer(words: Uint32Array, strings: string[]): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = IS_V8 ? serialize(words, strings) : inUtf8(words, strings);
  // A small Buffer may share its memory with others.
  return byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
}

function serialize(words: Uint32Array, strings: string[]): Buffer<ArrayBuffer> {
  // A new serializer each time: it keeps alive what it has written until it is collected itself. Here that is one
  // array, which is empty then.
  const serializer = new v8.Serializer();
  serializer.writeHeader();
  serializer.writeUint32(words.length);
  serializer.writeRawBytes(words);
  serializer.writeValue(strings);
  strings.length = 0;
  return serializer.releaseBuffer() as Buffer<ArrayBuffer>;
}

function isUnderstood(): boolean {
  try {
    return serialize(PROBE_WORDS, ['a', '\u{FF}', '\u{100}']).toString('hex') === PROBE_BYTES;
  } catch {
    return false;
  }
}

/** The same format, with the strings in UTF-8. */
function inUtf8(words: Uint32Array, strings: readonly string[]): Buffer<ArrayBuffer> {
  const parts = [Buffer.of(0xff, 15), varint(words.length), Buffer.from(words.buffer, words.byteOffset, words.byteLength), tagged('A', strings.length)];
  for (const string of strings) {
    const text = Buffer.from(string);
    parts.push(tagged('S', text.length), text);
  }
  parts.push(tagged('$', 0), varint(strings.length));
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
