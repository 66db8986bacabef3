import type { UnknownOption } from '../log/log.js';
import { OPTION_SPECS, type NumberOption } from '../native/engine.js';
import type { ExporterConfig } from './shared-options.js';

/** The compiler reports an option that is missing here. */
const COMMON: Record<Exclude<keyof ExporterConfig, NumberOption>, true> = {
  accessToken: true,
  projectId: true,
  endpoint: true,
  tracesEndpoint: true,
  logsEndpoint: true,
  metricsEndpoint: true,
  scoresEndpoint: true,
  feedbackEndpoint: true,
  compression: true,
  spoolDirectory: true,
  spoolSync: true,
  logger: true,
  logLevel: true,
  customSpanFormatter: true,
};

/** The options of all exporters for Mastra 1.x that are not numbers. */
export const COMMON_OPTIONS: readonly string[] = Object.keys(COMMON);

/**
 * Returns the options of a plain object that no exporter has, each with the known option that it resembles most.
 * Instances of classes are not checked: they may have other fields.
 *
 * @param known The names of the options that are not numbers.
 */
export function unknownOptions(given: object, known: readonly string[]): UnknownOption[] {
  const prototype: unknown = Object.getPrototypeOf(given);
  if (prototype !== Object.prototype && prototype !== null) return [];
  const names = [...OPTION_SPECS.map(({ name }) => name), ...known];
  const unknown = Object.keys(given).filter((name) => !names.includes(name));
  return unknown.map((option) => ({ option, nearest: nearest(option, names) }));
}

function nearest(option: string, names: readonly string[]): string | undefined {
  const rated = names.map((name) => ({ name, edits: distance(option.toLowerCase(), name.toLowerCase()) }));
  const [best] = rated.sort((one, other) => one.edits - other.edits);
  // A name in which every other character differs is another word.
  return best && best.edits * 3 <= option.length ? best.name : undefined;
}

/** The number of characters that have to be inserted, removed or exchanged (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [rowIndex, char] of [...from].entries()) {
    const next = [rowIndex + 1];
    for (const [index, other] of [...to].entries()) {
      const [above = 0, aboveRight = 0, left = 0] = [row[index], row[index + 1], next[index]];
      next.push(Math.min(above + Number(char !== other), aboveRight + 1, left + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
