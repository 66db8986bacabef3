// Helpers for long JSON texts: cutting a body into its records, and comparing without huge diffs.
import assert from 'node:assert/strict';

// The raw texts of the records in `{"spans":[...]}`, cut at the commas of the outer array.
export function splitRecords(body) {
  const start = body.indexOf('[') + 1;
  const records = [];
  let depth = 0;
  let from = start;
  for (let i = start; i < body.length; i++) {
    const char = body[i];
    if (char === '"') i = endOfString(body, i);
    else if (char === '{' || char === '[') depth++;
    else if ((char === ']' || char === ',') && depth === 0) {
      if (i > from) records.push(body.slice(from, i));
      if (char === ']') return records;
      from = i + 1;
    } else if (char === '}' || char === ']') depth--;
  }
  throw new Error(`the body ends within its records: ${body.slice(-60)}`);
}

function endOfString(text, open) {
  let end = open;
  do end = text.indexOf('"', end + 1);
  while (end !== -1 && isEscaped(text, end));
  return end === -1 ? text.length : end;
}

function isEscaped(text, index) {
  let backslashes = 0;
  while (text[index - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

// assert.equal would spend minutes on a diff of megabytes; this shows the first difference.
export function assertSameText(actual, expected, what = 'text') {
  if (actual === expected) return;
  let i = 0;
  while (actual[i] === expected[i]) i++;
  const near = (text) => JSON.stringify(text.slice(Math.max(0, i - 60), i + 60));
  assert.fail(`${what} differs at ${i} of ${expected.length}\n  expected ${near(expected)}\n  actual   ${near(actual)}`);
}
