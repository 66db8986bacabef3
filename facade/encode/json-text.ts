import { Replacements, isStackOverflow, type Replacement } from './replacements.js';
import { TextTooLongError, stringifyReplacing, type Place } from './safe-json.js';
import { judgeSize } from './size.js';

/** The result of turning a record or a part of it into JSON. */
export interface JsonText {
  /** The JSON text; absent when the record has to be left out. */
  text?: string;
  /** Why the record was left out. */
  dropped?: Dropped;
  /** The first values that were replaced, and what replaces them. */
  replaced: Replacement[];
  /** The number of all values that were replaced. */
  replacedCount: number;
}

/** Why a record is left out. */
export type Dropped = 'recordTooLarge' | 'unencodable';

/**
 * Makes the text that `JSON.stringify` makes of a record, and replaces values that `JSON.stringify` rejects. Leaves a
 * record out that is certainly longer than `maxChars`. Never throws.
 */
export function jsonText(record: object, maxChars: number): JsonText {
  const replacements = new Replacements();
  try {
    const text = textOf(record, record, maxChars, replacements);
    const { replaced, replacedCount } = replacements;
    return { text, replaced, replacedCount };
  } catch (error) {
    return { dropped: error instanceof TextTooLongError ? 'recordTooLarge' : 'unencodable', replaced: [], replacedCount: 0 };
  }
}

/**
 * The same for an object or array within a record, at its place. Its `toJSON` is not called: it may be what a `toJSON`
 * has returned.
 *
 * @throws TextTooLongError when the text is certainly longer than `maxChars`.
 */
export function innerText(inner: object, maxChars: number, replacements: Replacements, place: Place): string {
  return textOf(inner, { toJSON: () => inner }, maxChars, replacements, place);
}

/** `whole` is what is written, `inner` is what it consists of. */
function textOf(inner: object, whole: object, maxChars: number, replacements: Replacements, place?: Place): string {
  const size = judge(inner, maxChars);
  if (size === 'exceeds') throw new TextTooLongError();
  try {
    // A `toJSON` that returns undefined gives null, as for any element of an array: a batch is an array.
    if (size === 'fits') return JSON.stringify(whole) ?? 'null';
  } catch {
    // JSON.stringify rejects a value.
  }
  return stringifyReplacing(whole, maxChars, replacements, place);
}

function judge(value: object, maxChars: number): ReturnType<typeof judgeSize> {
  try {
    return judgeSize(value, maxChars);
  } catch (error) {
    // JSON.stringify meets the same value that cannot be read, and the same depth. Where it has no limit on depth, it would
    // go on for ever in a graph without end.
    return isStackOverflow(error) && !hasDepthLimit() ? 'opaque' : 'fits';
  }
}

/** A depth for which no stack has room. */
const TOO_DEEP = 100_000;

/**
 * Whether JSON.stringify rejects a value that is nested too deeply, at this place in the stack. It does so until Node 24;
 * Node 26 writes the value.
 */
function hasDepthLimit(): boolean {
  let nested: unknown[] = [];
  for (let depth = 0; depth < TOO_DEEP; depth += 1) nested = [nested];
  try {
    JSON.stringify(nested);
    return false;
  } catch {
    return true;
  }
}
