import v8 from 'node:v8';

import type { Atom } from './flat.js';

/** Values of each kind, in a list that has grown and shrunk as others do. */
const PROBE = emptyAtoms();
PROBE.push(1, undefined, 2);
PROBE.length = 1;
PROBE.push(undefined, 'ab', 1.5, '\u{FF}', '\u{100}', true, false, null, undefined);
/**
 * The bytes of the probe in version 15 of V8's format, which the engine reads (src/wire/tag.rs). Node 20 to 26 write
 * it.
 */
const PROBE_BYTES = 'ff0f410a49025f220261624e000000000000f83f2201ff00630200015446305f24000a';

/**
 * Whether the engine can read what `v8.Serializer` writes. False where the JS engine is not V8, or V8 has another
 * version of the format.
 */
export const IS_V8 = isUnderstood();

/**
 * A list for atoms, empty, that has held a string. V8 15 (Deno) would turn a list that began with numbers into a list of
 * doubles with holes at the first `undefined`, and write that in another form.
 */
export function emptyAtoms(): Atom[] {
  const atoms: Atom[] = [''];
  atoms.pop();
  return atoms;
}

/**
 * Writes the atoms of a list made by {@link emptyAtoms} into one buffer. Without {@link IS_V8} the list may contain
 * only kinds and texts.
 */
export function writeAtoms(atoms: readonly Atom[]): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = IS_V8 ? serialize(atoms) : writeTexts(atoms);
  // A small Buffer may share its memory with others.
  return byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
}

function serialize(atoms: readonly Atom[]): Buffer<ArrayBuffer> {
  // A new serializer each time: it keeps alive what it has written until it is collected itself. Here that is one
  // array.
  const serializer = new v8.Serializer();
  serializer.writeHeader();
  serializer.writeValue(atoms);
  return serializer.releaseBuffer() as Buffer<ArrayBuffer>;
}

function isUnderstood(): boolean {
  try {
    return serialize(PROBE).toString('hex') === PROBE_BYTES;
  } catch {
    return false;
  }
}

/** The same format, with the texts in UTF-8. */
function writeTexts(atoms: readonly Atom[]): Buffer<ArrayBuffer> {
  const parts = [Buffer.of(0xff, 15), tagged('A', atoms.length)];
  for (const atom of atoms) {
    if (typeof atom === 'number') {
      parts.push(tagged('I', atom * 2));
    } else {
      const text = Buffer.from(String(atom));
      parts.push(tagged('S', text.length), text);
    }
  }
  parts.push(tagged('$', 0), varint(atoms.length));
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
