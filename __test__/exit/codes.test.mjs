// The exporter changes no exit code, and listeners of the application at the end of the process cannot lose its records.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startCollector } from '../../examples/demo/collector.mjs';
import { runToEnd } from '../support/process.mjs';
import { arrivals, missing, numbered } from '../support/spans.mjs';

// [how it ends, HOW of the fixture, are its listeners of 'exit' called?]
const CASES = [
  ['the script ends', 'script', false],
  ['an exit code that is a text', 'text', false],
  ['process.exit() after an exit code', 'codeThenExit', false],
  ["process.exit('6')", 'exitsWithText', false],
  ["a listener of 'exit' takes the exit code back", 'unsets', true],
  ["a listener of 'beforeExit' sets an exit code", 'setsBefore', false],
  ["a listener of 'exit' sets an exit code where there is none", 'sets', true],
  ["a listener of 'exit' asks for the code", 'says', true],
  ['a top-level await that is never settled', 'unsettled', true],
  ["a listener of 'exit' calls process.exit(9)", 'exits', true],
  ["a listener of 'exit' throws", 'throws', true],
  ["a listener of 'exit' throws at process.exit(3)", 'throwsAtExit', true],
  ["a listener of 'exit' throws after an uncaught exception", 'throwsAfterThrow', true],
  ["a listener of 'uncaughtException' throws", 'uncaught', false],
  ["a listener of 'unhandledRejection' throws", 'unhandled', false],
  ["a listener of 'uncaughtException' goes on", 'caught', false],
];
const COUNT = 40;

async function run(env) {
  const collector = await startCollector();
  try {
    const { code, signal, stdout, stderr } = await runToEnd('exit-code.mjs', { URL: collector.url, ...env });
    return { end: { code, signal, stdout }, stderr, counts: arrivals(collector) };
  } finally {
    await collector.close();
  }
}

describe('exit codes', { concurrency: 3 }, () => {
  for (const [name, HOW, heard] of CASES) {
    for (const WHEN of ['before', 'after']) {
      test(`${name}, ${WHEN} construction: everything delivered, the code is that with the JavaScript exporter`, async () => {
        const [ours, javascript] = await Promise.all([
          run({ HOW, WHEN, COUNT: `${COUNT}` }),
          // Such a listener would lose its records.
          run({ HOW, WHEN, COUNT: '0', MASTRA_NATIVE_EXPORTER: 'off' }),
        ]);
        assert.deepEqual(ours.end, javascript.end, ours.stderr);
        assert.deepEqual(missing([...numbered(COUNT), ...(heard ? numbered(5, 'e') : [])], ours.counts), []);
        assert.doesNotMatch(ours.stderr, /lost/);
      });
    }
  }
});
