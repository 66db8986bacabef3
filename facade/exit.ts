/** Something with records under way. */
export interface Flushable {
  flush(): Promise<void>;
}

/**
 * Everything that has records under way. Kept here, it is neither collected nor forgotten: when the script ends, each
 * is flushed, and Node goes on until that is done. The event comes again afterwards, with nothing left to do.
 */
export const deliverBeforeExit = new Set<Flushable>();

process.on('beforeExit', () => {
  for (const pending of deliverBeforeExit) void pending.flush();
});
