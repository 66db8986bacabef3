import { TextTooLongError, stringifyReplacing, type Replacement } from './safe-json.js';
import { judgeSize } from './size.js';

/** What became of a record that was to be turned into JSON. */
export interface JsonText {
  /** Absent when the record has to be left out. */
  text?: string;
  /** Why. */
  dropped?: 'recordTooLarge' | 'unencodable';
  /** What stands in place of which value; the first few. */
  replaced: Replacement[];
  /** How many values were replaced in all. */
  replacedCount: number;
}

const NOTHING_REPLACED = { replaced: [], replacedCount: 0 };

/**
 * What `JSON.stringify` makes of a record, with values that it rejects replaced. A record that is certainly longer than
 * `maxChars` is left out. Never throws.
 */
export function jsonText(record: object, maxChars: number): JsonText {
  try {
    const size = judge(record, maxChars);
    // A `toJSON` that answers undefined becomes null, as for any element of the array that a batch is.
    if (size === 'fits') return { text: JSON.stringify(record) ?? 'null', ...NOTHING_REPLACED };
    if (size === 'opaque') return replacing(record, maxChars);
    return { dropped: 'recordTooLarge', ...NOTHING_REPLACED };
  } catch {
    return replacing(record, maxChars);
  }
}

function replacing(record: object, maxChars: number): JsonText {
  try {
    return stringifyReplacing(record, maxChars);
  } catch (error) {
    return { dropped: error instanceof TextTooLongError ? 'recordTooLarge' : 'unencodable', ...NOTHING_REPLACED };
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
