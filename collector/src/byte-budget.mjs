import { HttpError } from './http-error.mjs';

/**
 * The limit on bytes of bodies in memory at a time. Bytes are counted as they arrive, so that a body that is announced
 * but comes slowly, or not at all, takes no room from others.
 */
export class ByteBudget {
  #limit;
  #used = 0;
  /** Bodies that have arrived completely: they will free their bytes, whatever becomes of the others. */
  #whole = 0;
  /** Bodies that were refused and have not freed their bytes yet. */
  #leaving = 0;
  /** @type {Array<{ bytes: number, resolve: () => void, reject: (error: Error) => void }>} */
  #waiting = [];

  /** @param {number} limitBytes  not less than the largest body */
  constructor(limitBytes) {
    this.#limit = limitBytes;
  }

  get usedBytes() {
    return this.#used;
  }

  /** The share of one body, which has to be closed. */
  open() {
    let held = 0;
    let isWhole = false;
    let isLeaving = false;
    return {
      /**
       * Resolves when there is room for more of the body.
       * @param {number} bytes
       * @throws {HttpError} 503 if all that is held belongs to bodies that wait as well
       */
      take: async (/** @type {number} */ bytes) => {
        try {
          await this.#take(bytes);
        } catch (error) {
          isLeaving = true;
          throw error;
        }
        held += bytes;
      },
      /** The body has arrived completely. */
      whole: () => {
        isWhole = true;
        this.#whole++;
      },
      close: () => {
        this.#used -= held;
        if (isWhole) this.#whole--;
        if (isLeaving) this.#leaving--;
        this.#admit();
      },
    };
  }

  /** @param {number} bytes @returns {Promise<void> | undefined} */
  #take(bytes) {
    if (this.#waiting.length === 0 && this.#used + bytes <= this.#limit) {
      this.#used += bytes;
      return undefined;
    }
    const taken = new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, resolve: () => resolve(undefined), reject });
    });
    this.#admit();
    return taken;
  }

  #admit() {
    for (let next = this.#waiting[0]; next && this.#used + next.bytes <= this.#limit; next = this.#waiting[0]) {
      this.#used += next.bytes;
      this.#waiting.shift();
      next.resolve();
    }
    // No body is going to free bytes. The newest one is refused to make room, and its client sends it again.
    if (this.#waiting.length === 0 || this.#whole + this.#leaving > 0) return;
    this.#leaving++;
    this.#waiting.pop()?.reject(new HttpError(503, 'too much is being sent at the moment'));
  }
}
