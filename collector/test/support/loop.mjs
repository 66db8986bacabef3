// The time for which a collector's event loop is held.
import { readFileSync } from 'node:fs';

/**
 * A value of NODE_OPTIONS. The process answers SIGUSR2 with the most CPU time that a turn of its loop took since the last
 * signal. Other load of the machine does not count.
 */
export const LOOP_WATCH = `--import "data:text/javascript,${encodeURIComponent(`
  import { readFileSync } from 'node:fs';
  const cpuMs = () => Number(readFileSync('/proc/self/task/' + process.pid + '/schedstat', 'utf8').split(' ')[0]) / 1e6;
  let [last, most] = [cpuMs(), 0];
  setInterval(() => {
    const now = cpuMs();
    most = Math.max(most, now - last);
    last = now;
  }, 1).unref();
  process.on('SIGUSR2', () => { console.error('loop held ' + Math.round(most) + ' ms'); most = 0; });
`)}"`;

/** A body of 24 MiB that the collector refuses unparsed: a record of eight million lists. */
export const VALUES_WITHOUT_END = `{"spans":[{"a":[${'[],'.repeat(8 * 1024 * 1024)}0]}]}`;

/** @returns {number} the CPU time of this thread in milliseconds */
export const cpuMs = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

/**
 * Parses a body in one piece. Tests compare times with this one: how fast the machine is does not matter then.
 * @returns {number} the time for which a loop would be held by `VALUES_WITHOUT_END`, in milliseconds of CPU
 */
export function parsedAtOnceMs() {
  const before = cpuMs();
  JSON.parse(VALUES_WITHOUT_END);
  return cpuMs() - before;
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
