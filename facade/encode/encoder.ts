import type { AnyExportedSpan } from '@mastra/core/observability';

import { SIGNALS, type Signal } from '../native/signals.js';
import { flatten } from './flat.js';
import { jsonText, type JsonText } from './json-text.js';
import { spanRecord, type Exported } from './records.js';
import { IS_V8, emptyAtoms, writeAtoms } from './wire.js';

/** A record on its way to the engine. */
export interface Entry extends Exported {
  signal: Signal;
}

/** The kind of spans that have all their fields (src/wire/mod.rs). */
const COMPLETE_SPANS = 5;

/** A record that could not be encoded as it was. */
export interface Problem extends JsonText {
  signal: Signal;
  record: object;
}

/** What the engine takes over in one call. */
export interface Piece {
  /** See src/wire/mod.rs. */
  bytes: ArrayBuffer;
  /** Records of each signal, in the order of `SIGNALS`. */
  counts: number[];
  /** Entries that are done with, those that were left out included. */
  taken: number;
  problems: Problem[];
}

/**
 * A piece has no more entries once it holds so many characters: what is encoded in one go must not hold the event loop
 * for more than a millisecond.
 */
const PIECE_CHARS = 128 * 1024;

/** Encodes the first of the entries, as many as may be encoded in one go. Throws only where memory has run out. */
export function encodePiece(entries: readonly Entry[], maxRecordChars: number): Piece {
  const atoms = emptyAtoms();
  const counts = SIGNALS.map(() => 0);
  const problems: Problem[] = [];
  let [kind, chars, taken] = [-1, 0, 0];
  for (const entry of entries) {
    if (chars >= PIECE_CHARS) break;
    taken += 1;
    const { signal, record } = entry;
    const next = kindOf(entry);
    if (next !== kind) atoms.push((kind = next));
    let size = IS_V8 ? flatten(record, atoms, maxRecordChars) : -1;
    if (size < 0) {
      const text = textOf(entry, maxRecordChars, problems);
      if (text === undefined) continue;
      atoms.push(text);
      size = text.length;
    }
    chars += size;
    counts[SIGNALS.indexOf(signal)]! += 1;
  }
  const bytes = writeAtoms(atoms);
  // The serializer keeps the list, so that must not keep the strings.
  atoms.length = 0;
  return { bytes, counts, taken, problems };
}

/** The number before records of its kind. */
function kindOf({ signal, complete }: Entry): number {
  return signal === 'traces' && complete ? COMPLETE_SPANS : SIGNALS.indexOf(signal);
}

function textOf({ signal, complete, record: exported }: Entry, maxChars: number, problems: Problem[]): string | undefined {
  const record = complete ? exported : spanRecord(exported as AnyExportedSpan);
  const json = jsonText(record, maxChars);
  if (json.dropped || json.replacedCount > 0) problems.push({ signal, record, ...json });
  return json.text;
}
