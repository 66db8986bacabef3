// The resources that a process has used, measured in the process.
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const SCHEDSTAT = `/proc/self/task/${process.pid}/schedstat`;

/** CPU time of the main thread in microseconds. */
function mainThreadUs() {
  if (process.platform === 'linux') return Number(readFileSync(SCHEDSTAT, 'utf8').split(' ')[0]) / 1000;
  if (!process.threadCpuUsage) throw new Error('the CPU time of the main thread can be had on Linux, or from Node 23.9 on');
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/**
 * Measures what `run(turn)` uses. `run` is to call `turn()` once a turn of the event loop; the time between two calls
 * is that turn's length.
 * @returns {Promise<{ mainUs: number, processUs: number, elapsedMs: number, longestMs: number, p99Ms: number, rssBytes: number }>}
 *   CPU of the main thread and of the process, time, longest and 99th percentile of the turns, growth of memory
 */
export async function measure(run) {
  const turns = [];
  const rssBefore = process.memoryUsage.rss();
  let rss = rssBefore;
  let last;
  const turn = () => {
    const now = performance.now();
    if (last !== undefined) turns.push(now - last);
    last = now;
    if (turns.length % 64 === 0) rss = Math.max(rss, process.memoryUsage.rss());
  };
  const [main, cpu, start] = [mainThreadUs(), process.cpuUsage(), performance.now()];
  await run(turn);
  const { user, system } = process.cpuUsage(cpu);
  const elapsedMs = performance.now() - start;
  const mainUs = mainThreadUs() - main;
  turns.sort((a, b) => a - b);
  return {
    mainUs,
    processUs: user + system,
    elapsedMs,
    longestMs: turns.at(-1),
    p99Ms: turns[Math.floor(turns.length * 0.99)],
    rssBytes: Math.max(rss, process.memoryUsage.rss()) - rssBefore,
  };
}

/**
 * The same for a run that leaves the loop idle between spans. The delay of a timer shows what other work would notice.
 */
export async function measurePaced(run) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const figures = await measure(run);
  delay.disable();
  return { ...figures, longestMs: delay.max / 1e6, p99Ms: delay.percentile(99) / 1e6 };
}
