const BURST = 10;
const FIRST_INTERVAL_MS = 60_000;
/** After this time without the message, the next one counts as the first. */
const QUIET_MS = 3_600_000;

/**
 * Keeps one message from flooding the log: the first ten pass, then one after 1, 2, 4, ... minutes, with the number of
 * messages held back. A message that repeats all day gives some twenty lines.
 */
export class RepeatLimit {
  #passed = 0;
  #suppressed = 0;
  #intervalMs = FIRST_INTERVAL_MS;
  #nextMs = 0;
  #lastSeenMs = 0;

  /**
   * Returns the number of messages held back since the last one that passed; `undefined` if this message is held back
   * too.
   */
  pass(nowMs: number): number | undefined {
    if (nowMs - this.#lastSeenMs > QUIET_MS) {
      this.#passed = 0;
      this.#intervalMs = FIRST_INTERVAL_MS;
    }
    this.#lastSeenMs = nowMs;
    this.#passed += 1;
    if (this.#passed > BURST) {
      if (nowMs < this.#nextMs) {
        this.#suppressed += 1;
        return undefined;
      }
      this.#intervalMs *= 2;
    }
    this.#nextMs = nowMs + this.#intervalMs;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    return suppressed;
  }
}
