// The end of the process with records that are held for a class with its own `flush()` or `isDisabled`. What the class
// flushes is delivered. What it does not flush is never sent, nothing waits for it, and the loss is logged once.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startCollector } from '../../examples/demo/collector.mjs';
import { startFixture } from '../support/process.mjs';
import { arrivals, missing, numbered } from '../support/spans.mjs';

// More than is handed over in one call.
const COUNT = 80;

// [END of the fixture, signal sent by the parent, exit code, ended by signal]
const ENDS = [['script', undefined, 0, null], ['exit', undefined, 7, null], ['throw', undefined, 1, null], ['signal', 'SIGTERM', null, 'SIGTERM']];

// [CLASS of the fixture, ends at which all is delivered; at the others all is lost]
const CLASSES = [
  ['flushes at once', ['script', 'exit', 'throw', 'signal']],
  // There is no other turn but at the end of the script.
  ['flushes a turn later', ['script']],
  ['never flushes', []],
  ['throws in flush', []],
  ['withdraws consent', []],
];

async function run(how, signal, of) {
  const collector = await startCollector();
  try {
    const child = startFixture('exit.mjs', { URL: collector.url, COUNT: `${COUNT}`, CLASS: of, END: how });
    if (signal) {
      await child.said('ready');
      child.kill(signal);
    }
    return { ...(await child.ended), collector };
  } finally {
    await collector.close();
  }
}

describe('records that are held, at the end of the process', { concurrency: 2 }, () => {
  for (const [of, delivers] of CLASSES) {
    for (const [how, sent, code, signal] of ENDS) {
      const delivered = delivers.includes(how);
      test(`a class that ${of}, ${how}: ${delivered ? 'delivered' : 'not sent'}`, async () => {
        const { collector, stdout, stderr, ...ended } = await run(how, sent, of);
        assert.deepEqual([ended.code, ended.signal], [code, signal], stderr);
        const counts = arrivals(collector);
        if (delivered) assert.deepEqual(missing(numbered(COUNT), counts), []);
        assert.equal(counts.size, delivered ? COUNT : 0);
        assert.equal(collector.requests.length > 0, delivered);
        const lines = `${stdout}\n${stderr}`.match(/CloudExporter lost \d+ records at exit/g) ?? [];
        assert.deepEqual(lines, delivered ? [] : [`CloudExporter lost ${COUNT} records at exit`]);
      });
    }
  }
});
