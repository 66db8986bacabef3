/** A value that JSON cannot hold, and its replacement. */
export interface Replacement {
  /** Property names from the record to the value, joined by dots. */
  path: string;
  /** `123n`, `[Circular]` or `[Throws: message]`. */
  value: string;
}

/** The number of replaced values that are named; all others are only counted. */
const MAX_NAMED = 5;
/** The number of property names of a path that are shown. */
const MAX_PATH = 32;

/** The values of a record that were replaced. */
export class Replacements {
  /** The first ones. */
  readonly replaced: Replacement[] = [];
  /** The number of all. */
  replacedCount = 0;

  add(path: readonly (string | number)[], value: string): void {
    this.replacedCount += 1;
    if (this.replaced.length >= MAX_NAMED) return;
    const shown = path.slice(0, MAX_PATH).join('.');
    this.replaced.push({ path: path.length > MAX_PATH ? `${shown}...` : shown, value });
  }
}

/** What replaces a value that threw when it was read. */
export function thrownText(error: unknown): string {
  return `[Throws: ${messageOf(error)}]`;
}

/** Whether the stack had no room for a call. */
export function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && /call stack/.test(error.message);
}

function messageOf(error: unknown): string {
  try {
    // A message may be of any type. String() accepts symbols, and throws where there is no text.
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'unknown error';
  }
}
