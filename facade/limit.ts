const WINDOW_MS = 60_000;
const MAX_IN_WINDOW = 10;

/** Lets ten warnings a minute through and counts the others, so that a fault in every span does not flood the log. */
export class WarningLimit {
  #windowStartMs = 0;
  #inWindow = 0;
  #suppressed = 0;

  /** How many warnings were held back since the last one that passed, or `undefined` if this one is held back too. */
  pass(nowMs = Date.now()): number | undefined {
    if (nowMs - this.#windowStartMs >= WINDOW_MS) {
      this.#windowStartMs = nowMs;
      this.#inWindow = 0;
    }
    if (this.#inWindow >= MAX_IN_WINDOW) {
      this.#suppressed += 1;
      return undefined;
    }
    this.#inWindow += 1;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    return suppressed;
  }
}
