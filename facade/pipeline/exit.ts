import { isMainThread } from 'node:worker_threads';

import { onExit } from 'signal-exit';

import { monotonicMs } from '../native/clock.js';
import { drainAll } from '../native/engine.js';

/** An exporter with records under way, as the end of the process sees it. */
export interface Exiting {
  readonly undelivered: number;
  readonly dropped: number;
  handOver(): void;
  flushAtExit(withinMs: number): Promise<void>;
  reportLost(lostRecords: number): void;
}

/** Signals that end a process which does not handle them. */
const SIGNALS_THAT_END = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** One set of hooks for each JS environment, however often this module is loaded into it. */
const KEY = Symbol.for('mastra-native-exporter.exit.v1');

interface Hooks {
  readonly pending: Set<Exiting>;
  /** `drainAll` of each loaded copy: a copy from another place has an engine of its own. */
  readonly drains: Set<typeof drainAll>;
  /** The longest of all exporters. */
  exitTimeoutMs: number;
  /** When it is over, on the clock of `monotonicMs`, once the process has begun to end. */
  deadlineMs?: number | undefined;
}

const shared = globalThis as { [KEY]?: Hooks };

/** Says that there is an exporter: the end of the process waits for the engine from now on, `exitTimeoutMs` at most. */
export function watchExit(exitTimeoutMs: number): void {
  const hooks = (shared[KEY] ??= install({ pending: new Set(), drains: new Set(), exitTimeoutMs: 0 }));
  hooks.drains.add(drainAll);
  hooks.exitTimeoutMs = Math.max(hooks.exitTimeoutMs, exitTimeoutMs);
}

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
  const { pending, drains } = hooks;
  const waiting = () => [...pending].filter(({ undelivered }) => undelivered > 0);
  /** Milliseconds that are left; the first call starts the clock. */
  const left = () => {
    hooks.deadlineMs ??= monotonicMs() + hooks.exitTimeoutMs;
    return Math.max(0, Math.round(hooks.deadlineMs - monotonicMs()));
  };

  process.on('beforeExit', () => {
    const exporters = waiting();
    if (exporters.length === 0) hooks.deadlineMs = undefined;
    else if (left() > 0) for (const exporter of exporters) void exporter.flushAtExit(left());
  });

  const atExit = () => {
    for (const exporter of pending) exporter.handOver();
    const exporters = waiting().map((exporter) => ({ exporter, droppedBefore: exporter.dropped }));
    // Also when nothing of this thread is under way: the engine may have records of workers.
    for (const drain of drains) drain(left());
    // What is dropped here has no other line: the engine's events are not heard any more.
    for (const { exporter, droppedBefore } of exporters) {
      exporter.reportLost(exporter.undelivered + exporter.dropped - droppedBefore);
    }
  };
  if (isMainThread) onExitOrSignal(atExit);
  // The end of a worker is not the end of the engine, which waits for the last of them by itself.
  else process.on('exit', () => pending.forEach((exporter) => exporter.handOver()));
  return hooks;
}

/**
 * signal-exit ends the process only when nobody else handles a signal, which it finds out by counting the listeners.
 * A `once` listener of the application that runs before is gone by then, so signal-exit's are put first.
 */
function onExitOrSignal(atExit: () => void): void {
  const before = SIGNALS_THAT_END.map((signal) => process.listeners(signal));
  onExit(atExit, { alwaysLast: true });
  SIGNALS_THAT_END.forEach((signal, index) => {
    for (const listener of process.listeners(signal).filter((known) => !before[index]?.includes(known))) {
      // In this order: without any listener the signal would end the process for a moment.
      process.prependListener(signal, listener);
      process.removeListener(signal, listener);
    }
  });
}
