// The time for which a collector's event loop is held.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/** @returns {number} the CPU time of the main thread in milliseconds */
export const cpuMs = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

/**
 * A value of NODE_OPTIONS. The process answers SIGUSR2 with the most CPU time that a turn of its loop took since the last
 * signal. Other load of the machine does not count.
 */
export const LOOP_WATCH = `--import "data:text/javascript,${encodeURIComponent(`
  import { readFileSync } from 'node:fs';
  const cpuMs = ${cpuMs};
  let [last, most] = [cpuMs(), 0];
  setInterval(() => {
    const now = cpuMs();
    most = Math.max(most, now - last);
    last = now;
  }, 1).unref();
  process.on('SIGUSR2', () => { console.error('loop held ' + Math.round(most) + ' ms'); most = 0; });
`)}"`;

/**
 * Fails when a time is a tenth or more of what `JSON.parse` takes here and now for a body of 24 MiB. Limits in
 * milliseconds would depend on the machine.
 * @param {number} ms  CPU time
 * @param {string} what  it was needed for
 */
export function assertBrief(ms, what) {
  const body = `[${'[],'.repeat(8 * 1024 * 1024)}0]`;
  const before = cpuMs();
  JSON.parse(body);
  const atOnceMs = cpuMs() - before;
  assert.ok(ms < atOnceMs / 10, `${what}: ${ms} ms, ${atOnceMs} ms for a body that is parsed at once`);
}

/**
 * @param {Awaited<ReturnType<typeof import('./collector.mjs').startCollector>>} collector  with `LOOP_WATCH`
 * @returns {Promise<number>} the longest time since the last call, in milliseconds of CPU
 */
export async function loopHeldMs(collector) {
  const before = collector.output.stderr.length;
  process.kill(collector.pid, 'SIGUSR2');
  const line = /loop held (\d+) ms\n/;
  await collector.logged({ test: text => line.test(text.slice(before)) });
  return Number(line.exec(collector.output.stderr.slice(before))?.[1]);
}
