import { TextTooLongError, stringifyReplacing, type Replacement } from './safe-json.js';
import { SIGNALS, type Signal } from './signals.js';
import { judgeSize } from './size.js';

/** A record on its way to the engine. It belongs to the exporter: a shallow copy of what the application gave. */
export interface Entry {
  signal: Signal;
  record: object;
}

/** What the engine takes over in one call. */
export interface Encoded {
  /** One record a line: the digit of its signal, then its JSON text, which never holds a line break itself. */
  text: string;
  /** Number of lines of each signal, in the order of `SIGNALS`. */
  counts: number[];
  /** Records that were changed or left out because JSON cannot hold them. */
  problems: Problem[];
}

/** A record that could not be encoded as it was. */
export interface Problem extends Entry {
  /** What stands in place of which value; the first few. */
  replaced: Replacement[];
  /** How many values were replaced in all. */
  replacedCount: number;
  /** Why the whole record had to be left out; absent when it is sent. */
  dropped?: 'recordTooLarge' | 'unencodable';
}

/** Turns records into what crosses to the engine. The only place that knows the form. */
export interface Encoder {
  /** Never throws. */
  encode(entries: readonly Entry[]): Encoded;
}

const NOTHING_REPLACED = { replaced: [], replacedCount: 0 };

/** Records as JSON text, one a line. A record that is certainly longer than `maxRecordBytes` is left out. */
export function jsonLines(maxRecordBytes: number): Encoder {
  return {
    encode(entries) {
      const lines: string[] = [];
      const problems: Problem[] = [];
      const counts = SIGNALS.map(() => 0);
      for (const { signal, record } of entries) {
        const json = toJson({ signal, record }, maxRecordBytes, problems);
        if (json === undefined) continue;
        const digit = SIGNALS.indexOf(signal);
        counts[digit]! += 1;
        lines.push(digit + json);
      }
      return { text: lines.join('\n'), counts, problems };
    },
  };
}

function toJson(entry: Entry, maxChars: number, problems: Problem[]): string | undefined {
  try {
    const size = judge(entry.record, maxChars);
    // A `toJSON` that answers undefined becomes null, as for any element of the array that a batch is.
    if (size === 'fits') return JSON.stringify(entry.record) ?? 'null';
    if (size === 'opaque') return toJsonReplacing(entry, maxChars, problems);
    problems.push({ ...entry, ...NOTHING_REPLACED, dropped: 'recordTooLarge' });
    return undefined;
  } catch {
    return toJsonReplacing(entry, maxChars, problems);
  }
}

function toJsonReplacing(entry: Entry, maxChars: number, problems: Problem[]): string | undefined {
  try {
    const { text, ...replacements } = stringifyReplacing(entry.record, maxChars);
    if (replacements.replacedCount > 0) problems.push({ ...entry, ...replacements });
    return text;
  } catch (error) {
    const dropped = error instanceof TextTooLongError ? 'recordTooLarge' : 'unencodable';
    problems.push({ ...entry, ...NOTHING_REPLACED, dropped });
    return undefined;
  }
}

function judge(record: object, maxChars: number): ReturnType<typeof judgeSize> {
  try {
    return judgeSize(record, maxChars);
  } catch {
    // What cannot be read or is nested too deeply is for JSON.stringify to reject.
    return 'fits';
  }
}
