// A reporter for `node --test`: prints the test files that took longest, by the sum of their tests.
import { relative } from 'node:path';

const SHOWN = 3;

/** @param {AsyncIterable<{ type: string, data: any }>} events */
export default async function* slowest(events) {
  /** @type {Map<string, number>} */
  const files = new Map();
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.nesting > 0) continue;
    files.set(data.file, (files.get(data.file) ?? 0) + data.details.duration_ms);
  }
  const sorted = [...files].sort(([, one], [, other]) => other - one).slice(0, SHOWN);
  const shown = sorted.map(([file, ms]) => `${relative(process.cwd(), file)} ${Math.round(ms / 1000)} s`);
  yield `slowest files: ${shown.join(', ')}\n`;
}
