const WINDOWS = process.platform === 'win32';
/** Signals that end a process without a handler. Windows has the last one, for Ctrl+Break. */
const SIGNALS_THAT_END: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP', ...(WINDOWS ? (['SIGBREAK'] as const) : [])];

type Listener = () => void;
type Emit = (this: NodeJS.Process, event: string, ...args: unknown[]) => boolean;
/** The state that signal-exit 3 and 4 share among all their copies in a process; see {@link signalExits}. */
interface SignalExit {
  count: number;
  on(event: string, callback: Listener): void;
}

/**
 * Calls `deliver` at the end of the process, as late as possible: after everything that the application does there,
 * when nothing can prevent the end any more. Exit codes and signals stay the same. For the main thread.
 */
export function onProcessEnd(deliver: Listener): void {
  onExit(deliver);
  const firsts = new Map(SIGNALS_THAT_END.map((signal) => [signal, onSignal(signal, deliver)]));
  process.on('newListener', (event: string | symbol) => {
    const first = firsts.get(event as NodeJS.Signals);
    // The listener is added after this call. This uses a promise, because test runners replace timers, nextTick and
    // queueMicrotask.
    if (first) void Promise.resolve().then(first);
  });
}

/**
 * Later listeners of 'exit' may export. A listener that throws or calls `process.exit` again ends the process without
 * the others. A listener of 'uncaughtException' that throws ends it without 'exit'. So delivery happens at the end of
 * `emit`, or at `reallyExit` before that.
 */
function onExit(deliver: Listener): void {
  const ending = process as NodeJS.Process & { reallyExit(this: NodeJS.Process, code?: number): never };
  const { emit, reallyExit } = ending as unknown as { emit: Emit; reallyExit: typeof ending.reallyExit };
  let exiting = false;
  process.emit = function (this: NodeJS.Process, event: string, ...args: unknown[]): boolean {
    if (event !== 'exit' && event !== 'uncaughtException') return Reflect.apply(emit, this, [event, ...args]);
    let thrown = true;
    exiting ||= event === 'exit';
    try {
      const heard = Reflect.apply(emit, this, [event, ...args]);
      thrown = false;
      return heard;
    } finally {
      if (event === 'exit' || thrown) {
        exiting = false;
        deliver();
      }
    }
  } as typeof process.emit;
  ending.reallyExit = function (this: NodeJS.Process, code?: number): never {
    if (exiting) deliver();
    return Reflect.apply(reallyExit, this, [code]) as never;
  };
  // For the case that another `emit` has replaced this one.
  process.on('exit', () => {
    if (!exiting) deliver();
  });
}

/**
 * Returns a function that moves the listener to the front of its signal's list again. As the first it sees `once`
 * listeners of the application before they are removed, and leaves the end of the process to them as to all other
 * listeners.
 */
function onSignal(signal: NodeJS.Signals, deliver: Listener): Listener {
  const listener = (): void => {
    const others = process.listenerCount(signal) - 1;
    const copies = signalExits();
    const ofCopies = copies.reduce((sum, { emitter }) => sum + emitter.count, 0);
    if (others > ofCopies) return;
    process.removeListener(signal, listener);
    if (others > 0) {
      // The copies of signal-exit run their callbacks and end the process when nobody else listens. The callbacks may
      // export.
      for (const { emitter, lastEvent } of copies) emitter.on(lastEvent, deliver);
      return;
    }
    deliver();
    // Windows can send itself no other signal that ends the process.
    process.kill(process.pid, WINDOWS ? 'SIGINT' : signal);
  };
  process.prependListener(signal, listener);
  return () => {
    const listeners = process.listeners(signal);
    if (listeners[0] === listener || !listeners.includes(listener)) return;
    // In this order: without any listener the signal would end the process. `removeListener` removes the last one of
    // the two.
    process.prependListener(signal, listener);
    process.removeListener(signal, listener);
  };
}

/** The copies of signal-exit in the process. Each listens for every signal, and acts when no other listener is there. */
function signalExits(): { emitter: SignalExit; lastEvent: string }[] {
  const { __signal_exit_emitter__: third } = process as { __signal_exit_emitter__?: SignalExit };
  const fourth = (globalThis as { [key: symbol]: unknown })[Symbol.for('signal-exit emitter')] as SignalExit | undefined;
  return [
    ...(third ? [{ emitter: third, lastEvent: 'afterexit' }] : []),
    ...(fourth ? [{ emitter: fourth, lastEvent: 'afterExit' }] : []),
  ];
}
