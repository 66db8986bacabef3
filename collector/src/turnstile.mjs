/** Runs at most `places` tasks at a time; the others wait in the order in which they came. */
export class Turnstile {
  #free;
  /** @type {Array<() => void>} */
  #waiting = [];

  /** @param {number} places  at least 1 */
  constructor(places) {
    this.#free = places;
  }

  /**
   * @template T
   * @param {() => Promise<T>} task
   * @returns {Promise<T>}
   */
  async run(task) {
    if (this.#free > 0) this.#free--;
    else await new Promise(resolve => this.#waiting.push(() => resolve(undefined)));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
