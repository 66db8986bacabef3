import { setImmediate } from 'node:timers/promises';

import { Turnstile } from './turnstile.mjs';

/** The time in milliseconds after which no further step of a slice begins. */
const SLICE_MS = 5;

/** Long computations, cut into slices: between two of them everything else has its turn, and each computation its own. */
export class Slices {
  #turnstile = new Turnstile(1);

  /**
   * @template T
   * @param {Generator<void, T, void>} computation  yields wherever it may be interrupted
   * @returns {Promise<T>} what it returns
   */
  async run(computation) {
    for (;;) {
      const step = await this.#turnstile.run(() => slice(computation));
      if (step.done) return step.value;
    }
  }
}

/** @template T @param {Generator<void, T, void>} computation */
async function slice(computation) {
  const end = performance.now() + SLICE_MS;
  let step;
  do step = computation.next();
  while (!step.done && performance.now() < end);
  if (!step.done) await setImmediate();
  return step;
}
