// The end of the process: everything is delivered, or the end is delayed for `exitTimeoutMs` at most and the loss is
// logged.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startCollector } from '../../examples/demo/collector.mjs';
import { startFixture } from '../support/process.mjs';
import { arrivals, missing, numbered } from '../support/spans.mjs';

// A port that no other process can take meanwhile, as could happen with a port that was free a moment ago.
const DEAD_URL = 'http://127.0.0.1:1';
const COUNT = 300;
const DEFAULT_EXIT_TIMEOUT_MS = 2000;
const SHORT_MS = 500;
/**
 * The time that a delayed process may take beyond its limit: the engine's grace of 250 ms, and the end of a Node
 * process itself.
 */
const SLACK_MS = 1400;

// [how it ends, END of the fixture, signal sent by the parent, exit code, ended by signal, on stderr]
const ENDS = [
  ['the script ends', 'script', undefined, 0, null],
  ['the script ends with an exit code', 'exitCode', undefined, 3, null],
  ['process.exit(7)', 'exit', undefined, 7, null],
  ['an uncaught exception', 'throw', undefined, 1, null, /Error: the application failed/],
  ['an unhandled rejection', 'reject', undefined, 1, null, /Error: the application failed/],
  ...['SIGTERM', 'SIGINT', 'SIGHUP'].map((signal) => [`${signal} without a handler`, 'signal', signal, null, signal]),
];

/** One case for each way in which the end is delayed: by the event loop, by the exit handler, by the signal handler. */
const HOLDING = [ENDS[0], ENDS[2], ENDS[5]];

// [collector, answer]; no answer: nothing listens.
const FAILING = [
  ['nothing listens', undefined],
  ['answers 500', () => ({ status: 500 })],
  ['hangs', () => 'hang'],
];

/** Runs the fixture to its end; `url` or `answer` is the collector. */
async function end({ how, signal, answer, url, env }) {
  const collector = await startCollector(answer && { answer });
  try {
    const child = startFixture('exit.mjs', { URL: url ?? collector.url, COUNT: `${COUNT}`, END: how, ...env });
    if (signal) {
      await child.said('ready');
      child.kill(signal);
    }
    return { ...(await child.ended), collector };
  } finally {
    await collector.close();
  }
}

const lostLines = ({ stdout, stderr }) => `${stdout}\n${stderr}`.match(/CloudExporter lost \d+ records at exit/g) ?? [];

function heldAtMost(result, limitMs) {
  assert.ok(result.heldMs <= limitMs, `held for ${result.heldMs} ms, ${limitMs} allowed`);
}

describe('a collector that works gets all of it', { concurrency: 3 }, () => {
  for (const [name, how, signal, code, endedBy, stderr] of ENDS) {
    test(`${name}: all ${COUNT} delivered, code and signal unchanged`, async () => {
      const result = await end({ how, signal });
      assert.deepEqual([result.code, result.signal], [code, endedBy], result.stderr);
      const counts = arrivals(result.collector);
      assert.deepEqual(missing(numbered(COUNT), counts), []);
      assert.equal(counts.size, COUNT);
      assert.deepEqual([...counts.values()].filter((count) => count !== 1), [], 'nothing twice');
      assert.deepEqual(lostLines(result), []);
      if (stderr) assert.match(result.stderr, stderr);
      else assert.equal(result.stderr, '');
    });
  }
});

describe('a collector that does not work holds nobody', { concurrency: 4 }, () => {
  for (const [collector, answer] of FAILING) {
    for (const [name, how, signal, code, endedBy] of ENDS) {
      test(`${name}, the collector ${collector}: ends in time and says once what was lost`, async () => {
        const url = answer ? undefined : DEAD_URL;
        const result = await end({ how, signal, answer, url, env: { EXIT_TIMEOUT_MS: `${SHORT_MS}` } });
        assert.deepEqual([result.code, result.signal], [code, endedBy], result.stderr);
        assert.deepEqual(lostLines(result), [`CloudExporter lost ${COUNT} records at exit`], result.stderr);
        heldAtMost(result, SHORT_MS + SLACK_MS);
      });
    }
  }

  for (const [name, how, signal, code, endedBy] of HOLDING) {
    test(`${name}, default exitTimeoutMs, the collector hangs`, async () => {
      const result = await end({ how, signal, answer: () => 'hang' });
      assert.deepEqual([result.code, result.signal], [code, endedBy], result.stderr);
      assert.deepEqual(lostLines(result), [`CloudExporter lost ${COUNT} records at exit`], result.stderr);
      assert.match(result.stdout + result.stderr, /at exit; no answer yet from http:\/\/127\.0\.0\.1:\d+\/ai\/spans\/publish/);
      heldAtMost(result, DEFAULT_EXIT_TIMEOUT_MS + SLACK_MS);
    });
  }

  // Records dropped while the exit handler blocks would have no line of their own, because nobody listens to the engine
  // any more.
  for (const status of [400, 401]) {
    for (const [name, how, signal, code, endedBy] of HOLDING.slice(1)) {
      test(`${name}, the collector answers ${status}: says once what was lost`, async () => {
        const result = await end({ how, signal, answer: () => ({ status }) });
        assert.deepEqual([result.code, result.signal], [code, endedBy], result.stderr);
        assert.deepEqual(lostLines(result), [`CloudExporter lost ${COUNT} records at exit`], result.stderr);
      });
    }
  }

  // A process manager that does not wait for exitTimeoutMs: pm2 waits 1.6 s. The limit here is far beyond any test.
  for (const [name, how, signal] of HOLDING.slice(1)) {
    test(`${name}, killed while it is held: a line has said what for`, async () => {
      const collector = await startCollector({ answer: () => 'hang' });
      try {
        const child = startFixture('exit.mjs', { URL: collector.url, COUNT: `${COUNT}`, END: how, EXIT_TIMEOUT_MS: '600000' });
        if (signal) {
          await child.said('ready');
          child.kill(signal);
        }
        await child.wrote(/CloudExporter delays the end of the process by up to \d+ ms to deliver 300 records/);
        child.kill('SIGKILL');
        const result = await child.ended;
        assert.deepEqual([result.signal, lostLines(result)], ['SIGKILL', []], result.stderr);
      } finally {
        await collector.close();
      }
    });
  }

  test('lines about one record say so', async () => {
    const { stdout, stderr } = await end({ how: 'exit', answer: () => 'hang', env: { COUNT: '1', EXIT_TIMEOUT_MS: '1000' } });
    assert.match(stdout + stderr, /delays the end of the process by up to \d+ ms to deliver 1 record\b/);
    assert.match(stdout + stderr, /lost 1 record at exit/);
  });

  test('exitTimeoutMs 0: not held at all', async () => {
    const result = await end({ how: 'exit', answer: () => 'hang', env: { EXIT_TIMEOUT_MS: '0' } });
    assert.deepEqual([result.code, lostLines(result).length], [7, 1], result.stderr);
    heldAtMost(result, SLACK_MS);
  });
});

describe('several exporters share one deadline', { concurrency: 3 }, () => {
  const EXIT_TIMEOUT_MS = 2000; // twice that is over what is allowed

  for (const [name, timeouts] of [['first', ['600000', '1000']], ['last', ['1000', '600000']]]) {
    test(`the longest exitTimeoutMs counts, which the ${name} exporter has`, async () => {
      const collector = await startCollector({ answer: () => 'hang' });
      try {
        const [EXIT_TIMEOUT_MS, EXIT_TIMEOUT_MS2] = timeouts;
        const child = startFixture('exit.mjs', { URL: collector.url, COUNT: '1', EXPORTERS: '2', END: 'exit', EXIT_TIMEOUT_MS, EXIT_TIMEOUT_MS2 });
        const delays = /delays the end of the process by up to (\d+) ms/g;
        await child.wrote(new RegExp(`${delays.source}[^]*${delays.source}`));
        child.kill('SIGKILL');
        const { stdout, stderr } = await child.ended;
        for (const [, ms] of (stdout + stderr).matchAll(delays)) assert.ok(Number(ms) > 500_000, `${ms} ms`);
      } finally {
        await collector.close();
      }
    });
  }

  for (const [name, how, signal] of HOLDING) {
    test(`${name}: two with dead collectors are held once`, async () => {
      const result = await end({ how, signal, url: DEAD_URL, env: { EXPORTERS: '2', EXIT_TIMEOUT_MS: `${EXIT_TIMEOUT_MS}` } });
      assert.deepEqual(lostLines(result), [1, 2].map(() => `CloudExporter lost ${COUNT} records at exit`), result.stderr);
      heldAtMost(result, EXIT_TIMEOUT_MS + SLACK_MS);
    });

    test(`${name}: a dead collector does not keep another exporter from delivering`, async () => {
      const live = await startCollector();
      try {
        const env = { EXPORTERS: '2', URL2: live.url, EXIT_TIMEOUT_MS: `${EXIT_TIMEOUT_MS}` };
        const result = await end({ how, signal, url: DEAD_URL, env });
        assert.deepEqual(missing(numbered(COUNT, 'e1-'), arrivals(live)), []);
        assert.equal(lostLines(result).length, 1, result.stderr);
        heldAtMost(result, EXIT_TIMEOUT_MS + SLACK_MS);
      } finally {
        await live.close();
      }
    });
  }
});
