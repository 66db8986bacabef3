// Waiting with a limit: a condition that does not come true fails its test instead of blocking the suite. No test comes
// near the limit.
const DEADLINE_MS = 25_000;

/** The promise's result; rejects with what `describe` answers when it takes too long. */
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

/** Waits for a condition of which there is no event, turn by turn of the event loop. */
export async function until(holds, deadlineMs = DEADLINE_MS) {
  const startedAtMs = performance.now();
  while (!holds()) {
    if (performance.now() - startedAtMs > deadlineMs) throw new Error(`still waiting: ${holds}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
