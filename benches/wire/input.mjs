// Prints { name: { words, clone } } as JSON, both in hex: the same records as the facade hands them over, and as a
// structured clone.
import v8 from 'node:v8';

import { facadeModule } from '../../__test__/support/facade.mjs';
import { PROFILES } from '../../bench/profiles.mjs';

const { flatten } = await facadeModule('encode/flat');
const { Replacements } = await facadeModule('encode/replacements');
const { Words } = await facadeModule('encode/words');
const SPANS = 0;

function buffer(records) {
  const words = new Words();
  words.kind(SPANS);
  for (const record of records) flatten(record, words, Infinity, new Replacements());
  const serializer = new v8.Serializer();
  serializer.writeHeader();
  serializer.writeValue(records);
  return { words: Buffer.from(words.write()).toString('hex'), clone: serializer.releaseBuffer().toString('hex') };
}
const spans = (name, count) => buffer(Array.from({ length: count }, (_, index) => PROFILES[name].make(index)));
const text = (part) => buffer([{ text: part.repeat(Math.ceil(262_144 / part.length)) }]);

console.log(JSON.stringify({
  'string, one byte': text('The quick brown fox jumps over the lazy dog. '),
  'string, one byte, quoted': text('{"role":"user","content":"hello"},\n'),
  'string, two bytes': text('注文の状況を確認したところ、'),
  'string, two bytes, mostly ASCII': text(`${'The quick brown fox jumps over it. '.repeat(3)}漢`),
  'spans, tiny': spans('tiny', 32),
  'spans, typical': spans('typical', 32),
  'spans, large': spans('large', 8),
  'spans, unicode': spans('unicode', 8),
  'spans, huge': spans('huge', 1),
}));
