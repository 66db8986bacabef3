import { TextTooLongError, stringifyReplacing, type Replacement } from './safe-json.js';
import { judgeSize } from './size.js';

/** The result of turning a record into JSON. */
export interface JsonText {
  /** The JSON text; absent when the record has to be left out. */
  text?: string;
  /** Why the record was left out. */
  dropped?: 'recordTooLarge' | 'unencodable';
  /** The first values that were replaced, and what replaces them. */
  replaced: Replacement[];
  /** The number of all values that were replaced. */
  replacedCount: number;
}

const NOTHING_REPLACED = { replaced: [], replacedCount: 0 };

/**
 * Makes the text that `JSON.stringify` makes of a record, and replaces values that `JSON.stringify` rejects. Leaves a
 * record out that is certainly longer than `maxChars`. Never throws.
 */
export function jsonText(record: object, maxChars: number): JsonText {
  try {
    const size = judge(record, maxChars);
    // A `toJSON` that returns undefined gives null, as for any element of an array: a batch is an array.
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
    // JSON.stringify rejects a value that cannot be read or is nested too deeply.
    return 'fits';
  }
}
