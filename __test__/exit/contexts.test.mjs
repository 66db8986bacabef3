// The package in several contexts of one process, which share `process` but not `globalThis`: the end of the process is
// handled once. Two sets of listeners would each leave a signal to the other, and the process would never end.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startCollector } from '../../examples/demo/collector.mjs';
import { startFixture } from '../support/process.mjs';
import { arrivals, missing, numbered } from '../support/spans.mjs';

// More than the listeners of which Node warns.
const COUNT = 12;

describe('contexts of a process', { concurrency: 2 }, () => {
  // [END of the fixture, signal sent by the parent, exit code, ended by signal]
  for (const [end, sent, code, signal] of [['script', undefined, 0, null], ['exit', undefined, 7, null], ['signal', 'SIGTERM', null, 'SIGTERM'], ['signal', 'SIGINT', null, 'SIGINT']]) {
    test(sent ?? end, async () => {
      const collector = await startCollector();
      try {
        const child = startFixture('contexts.mjs', { URL: collector.url, COUNT: `${COUNT}`, END: end });
        if (sent) {
          await child.said('ready');
          child.kill(sent);
        }
        const ended = await child.ended;
        assert.deepEqual([ended.code, ended.signal, ended.stderr], [code, signal, '']);
        assert.deepEqual(missing(numbered(COUNT), arrivals(collector)), []);
      } finally {
        await collector.close();
      }
    });
  }
});
