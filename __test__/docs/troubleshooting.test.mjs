// docs/troubleshooting.md compared with the texts in the code: every message of the facade is there, and no other.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import ts from 'typescript';
import { CloudExporter } from 'mastra-native-exporter';
import { ROOT, codeSpans, prose, section, tableRows } from '../support/documents.mjs';

const PAGE = 'docs/troubleshooting.md';
// What the numbers of metrics() are stands on a page of its own.
const page = prose(PAGE) + prose('docs/monitoring.md');

const filesOf = (folder, extension) => readdirSync(`${ROOT}${folder}`, { recursive: true })
  .filter((name) => name.endsWith(extension)).map((name) => readFileSync(`${ROOT}${folder}/${name}`, 'utf8'));

/** The texts of TypeScript code, as lists of what stands between the placeholders. */
function texts(source) {
  const found = [];
  (function visit(node) {
    if (ts.isStringLiteralLike(node)) found.push([node.text]);
    if (ts.isTemplateExpression(node)) found.push([node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)]);
    ts.forEachChild(node, visit);
  })(ts.createSourceFile('facade.ts', source, ts.ScriptTarget.Latest));
  return found;
}

/** The texts of Rust code, likewise; without its tests. */
const rustTexts = (source) => [...source.split('#[cfg(test)]')[0].matchAll(/"([^"\n]* [^"\n]*)"/g)].map(([, text]) => text.split(/\{[^}]*\}/));

/** A regular expression for what the text becomes. */
const pattern = (parts) => parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+?');
/** Several words, at least one of them whole in the text itself: not an id, an import or a piece of punctuation. */
const isMessage = (parts) => /[a-z]{2,} |[a-z;] [a-z]{2,}/.test(parts.join(' % '));

// Texts that no user sees: of native exporters without a binary; for a thrown value without a text; a place of OpenSSL;
// a name that signal-exit has chosen.
const UNSEEN = ['C:\\Program Files\\Common Files\\SSL', 'signal-exit emitter', 'the native binary is not loaded', 'unknown error'];

const facade = filesOf('facade', '.ts').flatMap(texts);
const messages = facade.filter((parts) => isMessage(parts) && !UNSEEN.includes(parts.join('')));
const engine = filesOf('src', '.rs').flatMap(rustTexts);

describe('docs/troubleshooting.md', () => {
  test('has every message of the facade', () => {
    assert.ok(messages.length > 40);
    const missing = messages.filter((parts) => !new RegExp(pattern(parts)).test(page));
    assert.deepEqual(missing.map((parts) => parts.join('${...}')), []);
  });

  test('a number in a message is not followed by a plural, which would be wrong for one', () => {
    const nouns = /^ (records|spans|batches|bodies|requests|attempts|tries|files|exporters|values|lines|times|minutes|hours)\b/;
    const after = messages.flatMap((parts) => parts.slice(1)).filter((part) => nouns.test(part));
    assert.deepEqual(after, []);
  });

  test('has what disables an exporter and why an upload fails', () => {
    const said = engine.filter(([first]) => /^(Request |the exporter thread |accessToken has|TLS setup|HTTP client)/.test(first));
    assert.ok(said.length > 5);
    assert.deepEqual(said.filter((parts) => !new RegExp(pattern(parts)).test(page)), []);
  });

  test('has no other message', () => {
    // Some are put after the name of the class.
    const known = [...messages, ...engine.filter(isMessage)].map((parts) => new RegExp(`^(CloudExporter )?${pattern(parts)}$`));
    const shown = tableRows(page).flatMap((row) => row.slice(0, 2)).flatMap(codeSpans).filter((text) => / [a-z]/.test(text))
      // Each of these has a text of its own; behind the prefix anything would match.
      .map((text) => text.replace(/^\S+ disabled: /, ''));
    assert.ok(shown.length > 40);
    assert.deepEqual(shown.filter((text) => !known.some((regexp) => regexp.test(text))), []);
  });

  test('has every error id', () => {
    const ids = facade.flat().filter((text) => /^_?[A-Z]+(_[A-Z]+)+_?$|^_DROPPED$/.test(text) && !/^(MASTRA_(?!PLATFORM_EXPORTER)|NODE_|SSL_|REQUEST_)/.test(text));
    assert.ok(ids.includes('INVALID_OPTION') && ids.includes('CLOUD_EXPORTER') && ids.includes('_DROPPED'));
    assert.deepEqual(ids.filter((id) => !page.includes(id)), []);
  });

  test('has every reason for a drop, as DESIGN.md has', () => {
    const reasons = Object.keys(new CloudExporter({ accessToken: 't' }).stats().traces.dropped).sort();
    for (const path of [PAGE, 'DESIGN.md']) {
      const documented = tableRows(section(path, 'Why records are dropped'));
      assert.deepEqual(documented.flatMap(([first]) => codeSpans(first)).sort(), reasons, path);
    }
  });
});
