import { isMainThread } from 'node:worker_threads';

import { monotonicMs } from '../native/clock.js';
import { drainAll, longestExitTimeoutMs } from '../native/engine.js';
import { nativeBinding } from '../native/load.js';
import { onProcessEnd } from './process-end.js';

/** An exporter with records under way, as the end of the process sees it. */
export interface Exiting {
  readonly undelivered: number;
  readonly dropped: number;
  handOver(): void;
  flushAtExit(withinMs: number): Promise<void>;
  reportHeld(withinMs: number): void;
  reportLost(lostRecords: number): void;
  reportKept(): void;
}

/** How long the end of the process is held without a line: a process manager may not wait for the whole time. */
const SILENT_MS = 500;
/** One set of hooks for each JS environment, however often this module is loaded into it. */
const KEY = Symbol.for('mastra-native-exporter.exit.v1');

interface Engine {
  readonly drain: typeof drainAll;
  readonly exitTimeoutMs: typeof longestExitTimeoutMs;
}

interface Hooks {
  readonly pending: Set<Exiting>;
  /** Of each loaded copy: a copy from another place has an engine of its own. */
  readonly engines: Map<unknown, Engine>;
  /** When it is over, on the clock of `monotonicMs`, once the process has begun to end. */
  deadlineMs?: number | undefined;
}

const shared = globalThis as { [KEY]?: Hooks };

/** Says that there is an exporter: the end of the process waits for the engine from now on. */
export function watchExit(): void {
  const hooks = (shared[KEY] ??= install({ pending: new Set(), engines: new Map() }));
  hooks.engines.set(drainAll, { drain: drainAll, exitTimeoutMs: longestExitTimeoutMs });
}

// Exporters may be in workers alone. Node tells only the main thread of the end of the process.
if (isMainThread && nativeBinding.loaded) process.once('worker', watchExit);

/**
 * Says that an exporter has records under way. Until {@link releaseExit} it is not collected, and what it has is
 * delivered before the process ends: when the script ends Node goes on until that is done; at any other end the exit
 * handler blocks. Both for the longest `exitTimeoutMs` of all exporters at most, together.
 */
export function holdExit(exporter: Exiting): void {
  const hooks = shared[KEY];
  // All before it was delivered, so the application goes on: it gets the whole time again.
  if (hooks?.pending.size === 0) hooks.deadlineMs = undefined;
  hooks?.pending.add(exporter);
}

/** Nothing of the exporter is under way any more. */
export function releaseExit(exporter: Exiting): void {
  shared[KEY]?.pending.delete(exporter);
}

function install(hooks: Hooks): Hooks {
  const { pending, engines } = hooks;
  const waiting = () => [...pending].filter(({ undelivered }) => undelivered > 0);
  /** Milliseconds that are left; the first call starts the clock. */
  const left = () => {
    hooks.deadlineMs ??= monotonicMs() + Math.max(...[...engines.values()].map(({ exitTimeoutMs }) => exitTimeoutMs()));
    return Math.max(0, Math.round(hooks.deadlineMs - monotonicMs()));
  };
  /** Blocks until the engines have nothing left; answers how many records they still have after `withinMs`. */
  const drain = (withinMs: number) => {
    const endMs = monotonicMs() + withinMs;
    const rest = (): number => Math.max(0, Math.round(endMs - monotonicMs()));
    return [...engines.values()].reduce((sum, engine) => sum + engine.drain(rest()), 0);
  };

  process.on('beforeExit', () => {
    const exporters = waiting();
    if (exporters.length === 0) hooks.deadlineMs = undefined;
    else if (left() > 0) for (const exporter of exporters) void exporter.flushAtExit(left());
  });

  /** Records that have been called lost already: the process may be about to end twice. */
  const told = new WeakMap<Exiting, number>();
  let toldOfWorkers = 0;
  const deliver = () => {
    for (const exporter of pending) exporter.handOver();
    const exporters = waiting().map((exporter) => ({ exporter, droppedBefore: exporter.dropped }));
    // Also when nothing of this thread is under way: the engine may have records of workers.
    let undelivered = drain(Math.min(left(), SILENT_MS));
    if (undelivered > 0 && left() > 0) {
      for (const exporter of waiting()) exporter.reportHeld(left());
      undelivered = drain(left());
    }
    for (const { exporter, droppedBefore } of exporters) {
      undelivered -= exporter.undelivered;
      // What is dropped here has no other line: the engine's events are not heard any more.
      exporter.reportLost(exporter.undelivered + exporter.dropped - droppedBefore - (told.get(exporter) ?? 0));
      told.set(exporter, exporter.undelivered);
    }
    // The loggers of workers are not heard any more either.
    if (undelivered > toldOfWorkers) console.warn(`mastra-native-exporter lost ${undelivered - toldOfWorkers} records of worker threads at exit`);
    toldOfWorkers = Math.max(undelivered, toldOfWorkers);
    for (const exporter of pending) exporter.reportKept();
  };
  if (isMainThread) onProcessEnd(deliver);
  // The end of a worker is not the end of the engine, which waits for the last of them by itself.
  else process.on('exit', () => pending.forEach((exporter) => exporter.handOver()));
  return hooks;
}
