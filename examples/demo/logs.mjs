import { ConsoleLogger } from '@mastra/core/logger';

import { cut, oneLine } from './report.mjs';

/** @typedef {{ level: 'debug' | 'info' | 'warn' | 'error', message: string, args: any[] }} LogLine */

/** Lines that carry no component but say nothing about the export. */
const NOT_ABOUT_EXPORT = /^(Logger updated for exporter|Mastra )/;

/**
 * A logger for Mastra that collects what the exporter says, instead of printing. Mastra hands its own logger to every
 * exporter, in place of the one in the exporter's config, and names a component in the lines of its other parts.
 * @returns {{ logger: ConsoleLogger, lines: LogLine[] }}
 */
export function createCollectingLogger() {
  /** @type {LogLine[]} */
  const lines = [];
  const filter = ({ component, level, message, args }) => {
    if (component === undefined && !NOT_ABOUT_EXPORT.test(message)) lines.push({ level, message, args });
    return false;
  };
  return { logger: new ConsoleLogger({ name: 'demo', level: 'debug', filter }), lines };
}

/** @param {LogLine[]} lines @returns {boolean} whether a line says that a batch was accepted */
export function sentSomething(lines) {
  return lines.some(({ message }) => message === 'Batch flushed successfully');
}

/** @param {LogLine} line @returns {string} one line of text, or more if the details need them */
export function logLine({ level, message, args }) {
  const details = oneLine(args.map(describe).filter(Boolean).join('  '));
  const head = `  ${level.padEnd(5)}  ${oneLine(message)}`;
  if (head.length + details.length + 2 <= 100) return `${head}  ${details}`.trimEnd();
  const wrapped = details.match(/\S.{0,90}(?=\s|$)|\S{1,91}/g) ?? [];
  return [cut(head, 100), ...wrapped.map(part => `         ${part}`)].join('\n');
}

/** @param {unknown} value @returns {string} e.g. `batchSize=47 durationMs=39` */
function describe(value) {
  if (value instanceof Error) return `${oneLine(value.message)}  ${describe(value.details ?? {})}`;
  if (value === null || typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map(([key, item]) => `${key}=${typeof item === 'object' && !Array.isArray(item) ? JSON.stringify(item) : item}`)
    .join(' ');
}
