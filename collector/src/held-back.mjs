/** The time for which further lines of a kind are held back, in milliseconds. */
const HOLD_MS = 60_000;

/**
 * A log in which a fault that lasts has one line, and then one a minute with how often it came since.
 * @param {(line: string) => void} log
 */
export function createHeldBack(log) {
  /** The kinds that are being held back. @type {Map<string, { times: number, last: string, timer: NodeJS.Timeout }>} */
  const held = new Map();

  /** @param {string} kind */
  function report(kind) {
    const entry = held.get(kind);
    if (entry === undefined) return;
    if (entry.times === 0) {
      clearInterval(entry.timer);
      held.delete(kind);
      return;
    }
    log(`${entry.times} more of this kind; the last: ${entry.last}`);
    entry.times = 0;
  }

  return {
    /** @param {string} kind  lines of one kind are held back together @param {string} line */
    write(kind, line) {
      const entry = held.get(kind);
      if (entry === undefined) {
        log(line);
        held.set(kind, { times: 0, last: '', timer: setInterval(report, HOLD_MS, kind).unref() });
        return;
      }
      entry.times++;
      entry.last = line;
    },

    /** Logs the lines that are still held back. */
    close() {
      for (const [kind, { timer }] of held) {
        report(kind);
        clearInterval(timer);
      }
    },
  };
}
