import { isMainThread } from 'node:worker_threads';

import { monotonicMs } from '../native/clock.js';
import { drainAll, longestExitTimeoutMs } from '../native/engine.js';
import { native } from '../native/load.js';
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

/**
 * The end of the process may be delayed for this time before a log line says so. A process manager may not wait for the
 * whole `exitTimeoutMs`.
 */
const SILENT_MS = 500;
/**
 * The key of the hooks: each thread has one set of them, however often this module is loaded into it. They are kept on
 * `process`, which the contexts of a test runner share, unlike `globalThis`. Each of two sets would leave the end of the
 * process to the listeners of the other.
 */
const KEY = Symbol.for('mastra-native-exporter.exit.v1');

interface Engine {
  readonly drain: typeof drainAll;
  readonly exitTimeoutMs: typeof longestExitTimeoutMs;
}

interface Hooks {
  readonly pending: Set<Exiting>;
  /** The engine of each binary: copies of this package from different places have different ones. */
  readonly engines: Map<unknown, Engine>;
  /** The time on the clock of `monotonicMs` at which delivery ends. Set once the process has begun to end. */
  deadlineMs?: number | undefined;
}

/** The key of the binaries for which the first worker is awaited. */
const AWAITING = Symbol.for('mastra-native-exporter.workers.v1');

const shared = process as { [KEY]?: Hooks; [AWAITING]?: Set<unknown> };

/** Makes the end of the process wait for the engine from now on. Called when an exporter is opened. */
export function watchExit(): void {
  const hooks = (shared[KEY] ??= install({ pending: new Set(), engines: new Map() }));
  if (!hooks.engines.has(native)) hooks.engines.set(native, { drain: drainAll, exitTimeoutMs: longestExitTimeoutMs });
}

// All exporters may be in workers, but Node reports the end of the process to the main thread only.
const awaiting = (shared[AWAITING] ??= new Set());
if (isMainThread && native && !awaiting.has(native)) {
  awaiting.add(native);
  process.once('worker', watchExit);
}

/**
 * Says that an exporter has records that are not settled. Until {@link releaseExit} the exporter is not garbage-collected,
 * and its records are delivered before the process ends. When the script ends, the event loop stays alive until then. At
 * any other end the exit handler blocks. Both together take at most the longest `exitTimeoutMs` of all exporters.
 */
export function holdExit(exporter: Exiting): void {
  const hooks = shared[KEY];
  // Everything before this was delivered, and the application goes on. A later end has the whole time again.
  if (hooks?.pending.size === 0) hooks.deadlineMs = undefined;
  hooks?.pending.add(exporter);
}

/** Says that all records of an exporter are settled. */
export function releaseExit(exporter: Exiting): void {
  shared[KEY]?.pending.delete(exporter);
}

function install(hooks: Hooks): Hooks {
  const { pending, engines } = hooks;
  const waiting = () => [...pending].filter(({ undelivered }) => undelivered > 0);
  /** Returns the milliseconds that are left. The first call starts the clock. */
  const left = () => {
    hooks.deadlineMs ??= monotonicMs() + Math.max(...[...engines.values()].map(({ exitTimeoutMs }) => exitTimeoutMs()));
    return Math.max(0, Math.round(hooks.deadlineMs - monotonicMs()));
  };
  /** Blocks until the engines have no records left, for `withinMs` at most. Returns the number of records left. */
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

  /** The number of records that have been reported as lost. The process may begin to end twice. */
  const told = new WeakMap<Exiting, number>();
  let toldOfWorkers = 0;
  const deliver = () => {
    for (const exporter of pending) exporter.handOver();
    const exporters = waiting().map((exporter) => ({ exporter, droppedBefore: exporter.dropped }));
    // This thread may have no records, but the engine may have records of workers.
    let undelivered = drain(Math.min(left(), SILENT_MS));
    if (undelivered > 0 && left() > 0) {
      for (const exporter of waiting()) exporter.reportHeld(left());
      undelivered = drain(left());
    }
    for (const { exporter, droppedBefore } of exporters) {
      undelivered -= exporter.undelivered;
      // The engine's events do not arrive any more, so records that are dropped here have no other line.
      exporter.reportLost(exporter.undelivered + exporter.dropped - droppedBefore - (told.get(exporter) ?? 0));
      told.set(exporter, exporter.undelivered);
    }
    // The loggers of workers do not run any more either.
    const lost = undelivered - toldOfWorkers;
    if (lost > 0) console.warn(`mastra-native-exporter lost ${lost} ${lost === 1 ? 'record' : 'records'} of worker threads at exit`);
    toldOfWorkers = Math.max(undelivered, toldOfWorkers);
    for (const exporter of pending) exporter.reportKept();
  };
  if (isMainThread) onProcessEnd(deliver);
  // Workers need no listener: the engine goes on after the end of a worker, and delivers before the last environment is
  // gone.
  else process.on('exit', () => pending.forEach((exporter) => exporter.handOver()));
  return hooks;
}
