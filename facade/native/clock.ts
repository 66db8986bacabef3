import perfHooks from 'node:perf_hooks';
import timers from 'node:timers';

/**
 * Timers and clocks of Node as they were when this module was loaded. Fake timers and mocked clocks that a test
 * installs later are not used: a fake timer may never fire, and `clearImmediate` of Node 20 and 22 stops all immediates
 * of the process when it is given a fake one. They come from `node:timers`, because jsdom has no `setImmediate`.
 */
export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate } = timers;

/** Milliseconds of a clock that only goes forward. */
export const monotonicMs: () => number = perfHooks.performance.now.bind(perfHooks.performance);

/** The class of dates. */
export const { Date } = globalThis;

/** Milliseconds since 1970. */
export const { now: wallMs } = Date;

/** Resolves when all promises have settled, after `withinMs` at the latest. Keeps the process alive until then. */
export function settledWithin(promises: readonly Promise<unknown>[], withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, withinMs);
    void Promise.allSettled(promises).then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
