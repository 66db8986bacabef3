import v8 from 'node:v8';

import type { Atom } from './flat.js';

/** Values of each kind, in a list that has grown and shrunk as others do. */
const PROBE = emptyAtoms();
PROBE.push(1, undefined, 2);
PROBE.length = 1;
PROBE.push(undefined, 'ab', 1.5, '\u{FF}', '\u{100}', true, false, null, undefined);
/** What version 15 of V8's format makes of it: the one that is understood (src/wire/tag.rs), in Node 20 to 26. */
const PROBE_BYTES = 'ff0f410a49025f220261624e000000000000f83f2201ff00630200015446305f24000a';

/** Whether records can be handed over as they are. Not so where the engine is not V8, or one of another version. */
export const IS_V8 = isUnderstood();

/**
 * A list for atoms. One that began with numbers would become one of doubles with holes at the first `undefined` in V8 15
 * (Deno), which is written in another form; one that has held a string does not.
 */
export function emptyAtoms(): Atom[] {
  const atoms: Atom[] = [''];
  atoms.pop();
  return atoms;
}

/**
 * Writes the atoms, of a list made by {@link emptyAtoms}, into one buffer. Without {@link IS_V8} there may be nothing but
 * kinds and texts among them.
 */
export function writeAtoms(atoms: readonly Atom[]): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = IS_V8 ? serialize(atoms) : writeTexts(atoms);
  // A small Buffer may be a part of one that others have parts of.
  return byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
}

function serialize(atoms: readonly Atom[]): Buffer<ArrayBuffer> {
  // A new one each time: it keeps what it has written alive until it is collected itself. That is this one array.
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

/** The same form, with the texts in UTF-8. */
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
