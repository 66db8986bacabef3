import { inspect } from 'node:util';

import { OPTION_SPECS, type NumberOption, type OptionSpec } from './binding.js';
import { exporterError, type Contract } from './contract.js';

/**
 * The number options that were given, each within its limits. Options that the peer has too take any value, as there:
 * what is out of range is brought into range. Our own are checked.
 *
 * @throws MastraError `<PREFIX>_INVALID_OPTION` naming the option, the value and what is allowed.
 */
export function resolveNumbers(
  contract: Contract,
  given: Partial<Record<NumberOption, unknown>>,
): Partial<Record<NumberOption, number>> {
  const resolved: Partial<Record<NumberOption, number>> = {};
  for (const spec of OPTION_SPECS) {
    const value = given[spec.name];
    if (value === undefined || value === null) continue;
    resolved[spec.name] = spec.lenient ? broughtIntoRange(spec, value) : checked(contract, spec, value);
  }
  return resolved;
}

function checked(contract: Contract, { name, unit, min, max }: OptionSpec, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  const allowed = `an integer from ${min} to ${max} (${unit})`;
  const shown = inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 100 });
  throw exporterError(contract, 'INVALID_OPTION', {
    text: `${contract.exporterName} ${name} must be ${allowed}, got ${shown}.`,
    details: { option: name, value: shown, allowed },
  });
}

function broughtIntoRange({ name, min, max }: OptionSpec, value: unknown): number {
  const number = typeof value === 'symbol' ? NaN : Number(value);
  // The peer compares a count with NaN, which is never reached, but takes NaN as the shortest wait and no attempt.
  if (Number.isNaN(number)) return name === 'maxBatchSize' ? max : min;
  return Math.min(Math.max(Math.ceil(number), min), max);
}
