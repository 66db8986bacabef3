// Worker threads: the records of a worker are delivered however it ends, and unloading the addon never crashes the
// process.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startCollector } from '../../examples/demo/collector.mjs';
import { runToEnd, startFixture } from '../support/process.mjs';
import { makeLightBuild } from '../support/light-build.mjs';
import { arrivals, missing, numbered } from '../support/spans.mjs';

const COUNT = 5;
const IN_A_ROW = 200;
const PROCESSES = Number(process.env.LOST_PROCESSES ?? 20);

let light;
before(() => { light = makeLightBuild(); });
after(() => light.remove());

const prefixes = (workers) => Array.from({ length: workers }, (_, i) => `w${i}-`);

async function run({ mode, workers, env, answer }) {
  const collector = await startCollector(answer && { answer });
  try {
    const result = await runToEnd('ending-workers.mjs', { URL: collector.url, MODE: mode, COUNT: `${COUNT}`, WORKERS: `${workers}`, ...env });
    return { ...result, counts: arrivals(collector) };
  } finally {
    await collector.close();
  }
}

/** A process whose main thread has no exporter, ended by a signal. */
async function signalled(signal, { answer, env } = {}) {
  const collector = await startCollector(answer && { answer });
  try {
    const child = startFixture('ending-workers.mjs', { URL: collector.url, MODE: 'liveOn', COUNT: `${COUNT}`, WORKERS: '4', ...env });
    await child.said('ready');
    child.kill(signal);
    return { ...(await child.ended), counts: arrivals(collector) };
  } finally {
    await collector.close();
  }
}

function check({ code, signal, stderr, counts }, { code: expected, prefixes: expectedPrefixes }) {
  assert.deepEqual([code, signal, stderr], [expected, null, '']);
  assert.deepEqual(missing(expectedPrefixes.flatMap((prefix) => numbered(COUNT, prefix)), counts), []);
  assert.equal(counts.size, expectedPrefixes.length * COUNT);
  assert.deepEqual([...counts.values()].filter((count) => count !== 1), [], 'nothing twice');
}

// [name, mode, exit code, what is exported beside the workers]. The workers end by themselves, by process.exit() and by
// being terminated right after they have said that they have exported, in turn.
const CASES = [
  ['workers one after the other, main without an exporter of its own', 'sequence', 0, []],
  ['several workers at once, main without an exporter of its own', 'together', 0, []],
  ['several workers at once beside an exporter of main', 'besideMain', 0, ['before', 'after']],
  ['main process.exit(7) while workers live', 'exitWhileAlive', 7, []],
  ['main process.exit(7) while workers live, beside an exporter of main', 'exitWhileAliveBesideMain', 7, ['before']],
];

describe('workers', { concurrency: 2 }, () => {
  for (const [name, mode, code, extra] of CASES) {
    test(`${name}: all delivered`, async () => {
      const result = await run({ mode, workers: 4 });
      check(result, { code, prefixes: [...prefixes(4), ...extra] });
    });
  }

  // Their first try fails, so that main is at its end before they are delivered: the exit handler has to wait for it.
  for (const [name, mode, extra] of [
    ['has delivered', 'exitWhileAliveBesideIdleMain', ['before']],
    ['never had a record', 'exitWhileAliveBesideUnusedMain', []],
  ]) {
    test(`main process.exit(7) waits for records of workers, its own exporter ${name}`, async () => {
      const failed = new Set();
      const answer = ({ text }) => {
        const [first] = /"w\d-/.exec(text) ?? [];
        if (first === undefined || failed.has(first)) return {};
        failed.add(first);
        return { status: 503 };
      };
      const result = await run({ mode, workers: 2, answer });
      assert.equal(failed.size, 2);
      check(result, { code: 7, prefixes: [...prefixes(2), ...extra] });
    });
  }

  // Node tells only the main thread of signals; that the package is loaded there is enough.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    test(`${signal} to a process with exporters in workers alone: all delivered, the signal ends it`, async () => {
      const { code, signal: endedBy, stderr, counts } = await signalled(signal);
      assert.deepEqual([code, endedBy, stderr], [null, signal, '']);
      assert.deepEqual(missing(prefixes(4).flatMap((prefix) => numbered(COUNT, prefix)), counts), []);
    });
  }

  test('the same with a collector that hangs: one line says what was lost', async () => {
    const { signal, stderr } = await signalled('SIGTERM', { answer: () => 'hang', env: { EXIT_TIMEOUT_MS: '400' } });
    assert.equal(signal, 'SIGTERM');
    assert.equal(stderr, `mastra-native-exporter lost ${4 * COUNT} records of worker threads at exit\n`);
  });

  test(`${IN_A_ROW} workers in a row in one process, each the last one of the addon: all delivered, no crash`, async (t) => {
    const started = performance.now();
    const result = await run({ mode: 'sequence', workers: IN_A_ROW, env: { EXPORTER: light.url } });
    check(result, { code: 0, prefixes: prefixes(IN_A_ROW) });
    t.diagnostic(`${IN_A_ROW} workers in ${Math.round(performance.now() - started)} ms`);
  });

  test(`${PROCESSES} processes in a row, each of the above in turn: all delivered, no crash`, async () => {
    for (let i = 0; i < PROCESSES; i += 1) {
      const [, mode, code, extra] = CASES[i % CASES.length];
      const result = await run({ mode, workers: 3, env: { EXPORTER: light.url } });
      check(result, { code, prefixes: [...prefixes(3), ...extra] });
    }
  });
});
