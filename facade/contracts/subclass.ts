import type { ExporterStats } from '../native/stats.js';

/** What our exporters have beyond those of the peer, or do otherwise. */
export interface NativeMembers {
  /**
   * Sends what was exported before this call and waits until each record is delivered, dropped or has been tried three
   * times, for `flushTimeoutMs` at most. What is undelivered stays queued. Never rejects.
   */
  flush(): Promise<void>;
  /**
   * A flush within `shutdownTimeoutMs`; then the exporter takes no more records, and what is left is dropped and
   * reported once. Never rejects.
   */
  shutdown(): Promise<void>;
  /**
   * What has become of everything that was exported, and how the exporter fares; all zero where it was disabled from the
   * start. Cheap.
   */
  stats(): ExporterStats;
  /**
   * The same as Prometheus text (exposition format 0.0.4), each sample with the label `exporter`; empty where the
   * JavaScript exporters stand in. Cheap.
   */
  metrics(): string;
}

/** The type of a class that stands wherever the peer's is expected: its private members are part of the type. */
export type DropIn<Config, Peer> = new (config?: Config) => Peer & NativeMembers;

/** Whether the class of an exporter, or the exporter itself, has a member of its own in front of `base`. */
export function overrides(exporter: object, base: object, member: string): boolean {
  for (let owner = exporter; owner !== base && owner !== null; owner = Object.getPrototypeOf(owner) as object) {
    if (Object.hasOwn(owner, member)) return true;
  }
  return false;
}

/** The methods of the peer that the exporter has and `base` does not: the peer would call them, we do not. */
export function uncalledMethods(exporter: object, base: object, peer: object): string[] {
  return Object.getOwnPropertyNames(peer).filter((name) => !(name in base) && name in exporter);
}
