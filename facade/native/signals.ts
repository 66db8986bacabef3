/** The five kinds of telemetry, in the order of `Signal::ALL` (src/signal.rs); the index is the kind of its records on the wire. */
export const SIGNALS = ['traces', 'logs', 'metrics', 'scores', 'feedback'] as const;

export type Signal = (typeof SIGNALS)[number];

/** The path segment under which each signal is published. */
export function publishSegment(signal: Signal): string {
  return signal === 'traces' ? 'spans' : signal;
}
