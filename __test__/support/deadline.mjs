// Waiting with a limit: a condition that does not come true fails its test instead of blocking the suite. No test comes
// near the limit.
const DEADLINE_MS = 25_000;

/** Resolves with the promise's result. Rejects with the text of `describe` when that takes too long. */
export async function within(promise, describe, deadlineMs = DEADLINE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still waiting: ${describe()}`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for a condition without an event of its own: checks it in each turn of the event loop. */
export async function until(holds, deadlineMs = DEADLINE_MS) {
  const startedAtMs = performance.now();
  while (!holds()) {
    if (performance.now() - startedAtMs > deadlineMs) throw new Error(`still waiting: ${holds}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
