import type { AnyExportedSpan } from '@mastra/core/observability';

import { SIGNALS, type Signal } from '../native/signals.js';
import { flatten } from './flat.js';
import { jsonText, type JsonText } from './json-text.js';
import { Replacements } from './replacements.js';
import { exportedRecord, exportedSpan, spanRecord } from './records.js';
import { TextTooLongError } from './safe-json.js';
import { IS_V8 } from './wire.js';
import { Words } from './words.js';

/** A record as the application exports it. */
export interface Entry {
  signal: Signal;
  /** The object of the application. */
  record: object;
  /** Whether all fields are there. The engine adds missing fields to spans. */
  complete: boolean;
}

/** A record that could not be encoded as it was. */
export interface Problem extends JsonText {
  signal: Signal;
  record: object;
}

/** The kind of spans that have all fields of the collector's schema (src/wire/mod.rs). */
const COMPLETE_SPANS = 5;
/**
 * The number of characters that makes a piece full: writing one piece must not hold the event loop for more than a
 * millisecond.
 */
const PIECE_CHARS = 128 * 1024;

/** Encoded records that have not been handed over yet. */
export class Piece {
  /** Records of each signal, in the order of `SIGNALS`. */
  readonly counts = SIGNALS.map(() => 0);
  /** The number of records in it. Setting it to 0 empties the piece. */
  total = 0;
  readonly #maxRecords: number;
  readonly #maxRecordChars: number;
  readonly #words = new Words();
  #replacements = new Replacements();
  #kind = -1;
  #chars = 0;

  constructor(maxRecords: number, maxRecordChars: number) {
    this.#maxRecords = maxRecords;
    this.#maxRecordChars = maxRecordChars;
  }

  get isFull(): boolean {
    return this.total >= this.#maxRecords || this.#chars >= PIECE_CHARS;
  }

  /** Encodes a record; nothing of the object is read later. Returns what is wrong with the record, if anything. */
  add(entry: Entry): Problem | undefined {
    if (this.total === 0) this.clear();
    const { signal } = entry;
    const [record, complete] = entry.complete ? [exportedRecord(entry.record), true] : exportedSpan(entry.record as AnyExportedSpan);
    const kind = signal === 'traces' && complete ? COMPLETE_SPANS : SIGNALS.indexOf(signal);
    if (kind !== this.#kind) {
      this.#words.kind(kind);
      this.#kind = kind;
    }
    const whole = (): object => (complete ? record : spanRecord(record as AnyExportedSpan));
    let problem: Problem | undefined;
    let chars = -1;
    if (IS_V8) {
      const replacements = this.#replacements;
      try {
        chars = flatten(record, this.#words, this.#maxRecordChars, replacements);
      } catch (error) {
        if (error instanceof TextTooLongError) problem = { signal, record: whole(), dropped: 'recordTooLarge', replaced: [], replacedCount: 0 };
        // Otherwise the stack is full. The text needs less of it.
      }
      if (replacements.replacedCount > 0) {
        this.#replacements = new Replacements();
        const { replaced, replacedCount } = replacements;
        if (chars >= 0) problem = { signal, record: whole(), replaced, replacedCount };
      }
      if (problem?.dropped) return problem;
    }
    if (chars < 0) {
      const read = whole();
      const json = jsonText(read, this.#maxRecordChars);
      if (json.dropped || json.replacedCount > 0) problem = { signal, record: read, ...json };
      if (json.text === undefined) return problem;
      this.#words.text(json.text);
      chars = json.text.length;
    }
    this.#chars += chars;
    this.counts[SIGNALS.indexOf(signal)]! += 1;
    this.total += 1;
    return problem;
  }

  /** The bytes in the format that src/wire/mod.rs describes. */
  write(): ArrayBuffer {
    return this.#words.write();
  }

  /** Empties the piece, which is used again. */
  clear(): void {
    this.total = 0;
    this.counts.fill(0);
    this.#words.clear();
    this.#kind = -1;
    this.#chars = 0;
  }
}
