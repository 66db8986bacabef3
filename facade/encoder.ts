import { RecordTooLargeError, stringifyReplacing, type Replacement } from './safe-json.js';
import { SIGNALS, type Signal } from './signals.js';

/** A record on its way to the engine. It belongs to the exporter: a shallow copy of what the application gave. */
export interface Entry {
  signal: Signal;
  record: object;
}

/** What the engine takes over in one call. */
export interface Encoded {
  /** One record a line: the digit of its signal, then its JSON text, which never holds a line break itself. */
  text: string;
  /** Number of lines. */
  count: number;
  /** Records that were changed or left out because JSON cannot hold them. */
  problems: Problem[];
}

/** A record that JSON could not hold as it was. */
export interface Problem extends Entry {
  /** What stands in place of which value. */
  replaced: Replacement[];
  /** Why the whole record had to be left out; absent when it is sent. */
  dropped?: string;
}

/** Turns records into what crosses to the engine. The only place that knows the form. */
export interface Encoder {
  /** Never throws. */
  encode(entries: readonly Entry[]): Encoded;
}

const DIGITS = Object.fromEntries(SIGNALS.map((signal, index) => [signal, String(index)])) as Record<Signal, string>;

/** Records as JSON text, one a line. */
export const jsonLines: Encoder = {
  encode(entries) {
    const lines: string[] = [];
    const problems: Problem[] = [];
    for (const { signal, record } of entries) {
      const json = toJson(signal, record, problems);
      if (json !== undefined) lines.push(DIGITS[signal] + json);
    }
    return { text: lines.join('\n'), count: lines.length, problems };
  },
};

function toJson(signal: Signal, record: object, problems: Problem[]): string | undefined {
  try {
    // A `toJSON` that answers undefined becomes null, as for any element of the array that a batch is.
    return JSON.stringify(record) ?? 'null';
  } catch {
    return toJsonReplacing(signal, record, problems);
  }
}

function toJsonReplacing(signal: Signal, record: object, problems: Problem[]): string | undefined {
  try {
    const { text, replaced } = stringifyReplacing(record);
    problems.push({ signal, record, replaced });
    return text;
  } catch (error) {
    const dropped = error instanceof RecordTooLargeError ? error.message : 'the record cannot be read';
    problems.push({ signal, record, replaced: [], dropped });
    return undefined;
  }
}
