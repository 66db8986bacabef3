import type { ExporterStats } from '../native/stats.js';

/** The members of our exporters that Mastra's JavaScript exporters do not have, or that act differently. */
export interface NativeMembers {
  /**
   * Sends everything exported before this call, and waits until each record is delivered, dropped or has been tried
   * three times, for `flushTimeoutMs` at most. Undelivered records stay queued. Never rejects.
   */
  flush(): Promise<void>;
  /**
   * Flushes within `shutdownTimeoutMs`. After that the exporter takes no more records, and the remaining ones are
   * dropped and reported once. Never rejects.
   */
  shutdown(): Promise<void>;
  /**
   * What has become of every exported record, and the health of the exporter. All counts are zero when the exporter was
   * disabled from the start. Cheap.
   */
  stats(): ExporterStats;
  /**
   * The counters of `stats()` as Prometheus text (exposition format 0.0.4). Each sample has the label `exporter`. The
   * text is empty where the JavaScript exporters stand in. Cheap.
   */
  metrics(): string;
}

/**
 * The type of a class that is accepted wherever the class of Mastra's JavaScript exporter is: private members are part
 * of that type.
 */
export type DropIn<Config, Peer> = new (config?: Config) => Peer & NativeMembers;

/** Whether the class of an exporter, or the exporter itself, overrides a member of `base`. */
export function overrides(exporter: object, base: object, member: string): boolean {
  for (let owner = exporter; owner !== base && owner !== null; owner = Object.getPrototypeOf(owner) as object) {
    if (Object.hasOwn(owner, member)) return true;
  }
  return false;
}

/** The methods of the exporter that the peer has and `base` does not: the peer would call them, we do not. */
export function uncalledMethods(exporter: object, base: object, peer: object): string[] {
  return Object.getOwnPropertyNames(peer).filter((name) => !(name in base) && name in exporter);
}
