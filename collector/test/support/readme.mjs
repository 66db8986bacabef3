// The README of the collector: its text and its tables.
import { readFileSync } from 'node:fs';

export const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** The README as one line. */
export const TEXT = README.replaceAll(/\s+/g, ' ');

/** @param {string} title  of a section @returns {string} */
export function section(title) {
  return README.split(/^## /m).find(part => part.startsWith(`${title}\n`)) ?? '';
}

/** @param {string} title  of a section @returns {string[][][]} its tables: rows of cells, the first is the head */
export function tables(title) {
  const found = section(title).match(/(?:^\|.*\|\n)+/gm) ?? [];
  return found.map(table => table.trim().split('\n').toSpliced(1, 1).map(row => row.slice(1, -1).split('|').map(cell => cell.trim())));
}
