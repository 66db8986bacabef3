import { resolve } from 'node:path';
import { inspect } from 'node:util';

import { exporterError, type Names } from '../log/errors.js';
import { OPTION_SPECS, type NativeOptions, type NumberOption, type OptionSpec } from '../native/engine.js';

/** Options of any type, as callers may pass them. */
type Given = Partial<Record<NumberOption | TextOption, unknown>>;

type TextOption = 'compression' | 'spoolDirectory' | 'spoolSync';

/**
 * Returns the options that were given, each within its limits. Options that the peer has too take any value, as with
 * the peer: a value out of range is brought into range. Our own options are checked.
 *
 * @throws MastraError `<PREFIX>_INVALID_OPTION` naming the option, the value and what is allowed.
 */
export function resolveOptions(names: Names, given: Given): Pick<NativeOptions, NumberOption | TextOption> {
  const resolved: Pick<NativeOptions, NumberOption | TextOption> = {};
  for (const spec of OPTION_SPECS) {
    const value = given[spec.name];
    if (value === undefined || value === null) continue;
    resolved[spec.name] = spec.lenient ? broughtIntoRange(spec, value) : checked(names, spec, value);
  }
  const compression = oneOf(names, 'compression', given.compression, ['none', 'gzip'] as const);
  if (compression) resolved.compression = compression;
  const spoolSync = oneOf(names, 'spoolSync', given.spoolSync, ['interval', 'none'] as const);
  if (spoolSync) resolved.spoolSync = spoolSync;
  const directory = given.spoolDirectory ?? (process.env['MASTRA_NATIVE_SPOOL_DIRECTORY'] || undefined);
  if (directory !== undefined) {
    // A zero byte ends a path for the system.
    const usable = typeof directory === 'string' && directory !== '' && !directory.includes('\0');
    if (!usable) throw invalid(names, 'spoolDirectory', directory, 'the path of a directory');
    resolved.spoolDirectory = resolve(directory);
  }
  return resolved;
}

function oneOf<const T extends string>(names: Names, option: string, value: unknown, allowed: readonly [T, T]): T | undefined {
  const found = allowed.find((known) => known === value);
  if (found === undefined && value !== undefined && value !== null) {
    throw invalid(names, option, value, allowed.map((known) => `'${known}'`).join(' or '));
  }
  return found;
}

function checked(names: Names, { name, unit, min, max }: OptionSpec, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalid(names, name, value, `an integer from ${min} to ${max} (${unit})`);
}

function invalid(names: Names, option: string, value: unknown, allowed: string): Error {
  return exporterError(names, 'INVALID_OPTION', {
    text: `${names.exporterName} ${option} must be ${allowed}, got ${shown(value)}.`,
    details: { option, value: shown(value), allowed },
  });
}

/** The text of a value for an error. */
export function shown(value: unknown): string {
  return inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 100 });
}

function broughtIntoRange({ name, min, max }: OptionSpec, value: unknown): number {
  const number = typeof value === 'symbol' ? NaN : Number(value);
  // The peer never reaches a count of NaN, but treats NaN as the shortest wait and as no attempt.
  if (Number.isNaN(number)) return name === 'maxBatchSize' ? max : min;
  return Math.min(Math.max(Math.ceil(number), min), max);
}
