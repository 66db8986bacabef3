// Reads the documents for users: code blocks, headings, tables.
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const read = (path) => readFileSync(`${ROOT}${path}`, 'utf8');

/** Paths in the repository. */
export const DOCUMENTS = [
  'README.md', 'CONTRIBUTING.md', 'DESIGN.md', 'CHANGELOG.md', 'bench/NOTES.md', 'collector/README.md', 'SECURITY.md', 'CODE_OF_CONDUCT.md', 'examples/README.md',
  ...readdirSync(`${ROOT}docs`).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
];

// As on GitHub: the words after the fence are the language and its options, and a fence with the same indentation ends an
// indented block.
const FENCE = /^( *)```(.*)\n([^]*?)^\1```$/gm;

/** The fenced blocks of a document: `language`, the words after it, the code and the line on which it begins. */
export function codeBlocks(path) {
  const text = read(path);
  return [...text.matchAll(FENCE)].map(({ 1: indent, 2: info, 3: code, index }) => {
    const [language, ...words] = info.split(' ');
    return { path, language, words, code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''), line: text.slice(0, index).split('\n').length + 1 };
  });
}

/** A document without its fenced blocks. */
export const prose = (path) => read(path).replaceAll(FENCE, '');

/** The anchors of the document, in GitHub's form. */
export function anchors(path) {
  const titles = [...prose(path).matchAll(/^#+ (.*)$/gm)].map(([, title]) => title);
  return titles.map((title) => title.toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-'));
}

/** The text between a heading and the next one of any level. */
export function section(path, title) {
  const text = prose(path).split(/^(?=#+ )/m).find((part) => part.replace(/^#+ /, '').startsWith(`${title}\n`));
  if (text === undefined) throw new Error(`${path} has no section "${title}"`);
  return text;
}

/** The cells of the rows of all tables in a text, heads left out. */
export function tableRows(text) {
  const tables = text.match(/(?:^ *\|.*\|\n)+/gm) ?? [];
  return tables.flatMap((table) => table.trim().split('\n').slice(2)).map((row) => row.trim().slice(1, -1).split('|').map((cell) => cell.trim()));
}

/** The texts in backquotes. */
export const codeSpans = (text) => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
