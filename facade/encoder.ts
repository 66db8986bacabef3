import type { AnyExportedSpan } from '@mastra/core/observability';

import { CLONES, writeElements, type Element } from './clone.js';
import { jsonText, type JsonText } from './json-text.js';
import { plainSize } from './plain.js';
import { spanRecord, type Exported } from './records.js';
import { SIGNALS, type Signal } from './signals.js';

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
  bytes: Uint8Array;
  /** Records of each signal, in the order of `SIGNALS`. */
  counts: number[];
  /** Entries that are done with, those that were left out included. */
  taken: number;
  problems: Problem[];
}

/**
 * A piece has no more entries once it holds so many characters: what is encoded in one go must not hold the event loop
 * for more than a millisecond (bench/NOTES.md).
 */
const PIECE_CHARS = 128 * 1024;

/** An entry with what crosses for it: its record, its JSON text, or nothing when it has to be left out. */
interface Item {
  entry: Entry;
  content: object | string | undefined;
}

/** Encodes the first of the entries, as many as may be encoded in one go. Never throws. */
export function encodePiece(entries: readonly Entry[], maxRecordChars: number): Piece {
  const items: Item[] = [];
  const problems: Problem[] = [];
  const toText = (item: Item) => {
    item.content = textOf(item.entry, maxRecordChars, problems);
  };
  let chars = 0;
  for (const entry of entries) {
    if (chars >= PIECE_CHARS) break;
    const size = cloneableSize(entry, maxRecordChars);
    const item: Item = { entry, content: entry.record };
    if (size < 0) toText(item);
    chars += typeof item.content === 'string' ? item.content.length : size;
    items.push(item);
  }
  const bytes = write(items, toText);
  const counts = SIGNALS.map(() => 0);
  for (const { entry, content } of items) if (content !== undefined) counts[SIGNALS.indexOf(entry.signal)]! += 1;
  return { bytes, counts, taken: items.length, problems };
}

/** What is in one that can be read but not cloned (a proxy, a getter that answers otherwise each time) goes as text. */
function write(items: readonly Item[], toText: (item: Item) => void): Uint8Array {
  try {
    return writeElements(elementsOf(items));
  } catch {
    for (const item of items) if (!clones(item)) toText(item);
  }
  try {
    return writeElements(elementsOf(items));
  } catch {
    for (const item of items) if (typeof item.content === 'object') toText(item);
    return writeElements(elementsOf(items));
  }
}

function clones(item: Item): boolean {
  try {
    writeElements(elementsOf([item]));
    return true;
  } catch {
    return false;
  }
}

function elementsOf(items: readonly Item[]): Element[] {
  const elements: Element[] = [];
  let kind: number | undefined;
  for (const { entry, content } of items) {
    if (content === undefined) continue;
    const next = kindOf(entry);
    if (next !== kind) elements.push((kind = next));
    elements.push(content);
  }
  return elements;
}

/** The number before records of its kind. */
function kindOf({ signal, complete }: Entry): number {
  return signal === 'traces' && complete ? COMPLETE_SPANS : SIGNALS.indexOf(signal);
}

/** How many characters a record has that can cross as it is; -1 for others. */
function cloneableSize({ record }: Entry, maxChars: number): number {
  try {
    return CLONES ? plainSize(record, maxChars) : -1;
  } catch {
    return -1;
  }
}

function textOf({ signal, complete, record: exported }: Entry, maxChars: number, problems: Problem[]): string | undefined {
  const record = complete ? exported : spanRecord(exported as AnyExportedSpan);
  const json = jsonText(record, maxChars);
  if (json.dropped || json.replacedCount > 0) problems.push({ signal, record, ...json });
  return json.text;
}
