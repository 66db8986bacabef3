import { setTimeout } from 'node:timers/promises';
import { inspect } from 'node:util';

import { ConsoleLogger, LogLevel, type IMastraLogger } from '@mastra/core/logger';
import type { ObservabilityEntrypoint, ObservabilityExporter, ObservabilityInstance } from '@mastra/core/observability';

import { safely } from '../log/log.js';
import { numberOption } from '../native/engine.js';
import { nativeBinding } from '../native/load.js';
import { nativeFor, peerKind, type NativeExporter } from './javascript-exporter.js';
import { exchange, exportersOf, pendingHandlers, registrationsOf } from './registrations.js';

/** What `useNativeExporters` has done; an exporter is listed once for each instance in which it is registered. */
export interface UsedNativeExporters {
  /** The peer's exporters, and what exports in their place. */
  replaced: { instanceName: string; exporter: ObservabilityExporter; native: NativeExporter }[];
  /** The peer's exporters that go on as they were, and why. */
  leftAlone: { instanceName: string; exporter: ObservabilityExporter; reason: string }[];
}

/**
 * Replaces every `CloudExporter` and `MastraPlatformExporter` of `@mastra/observability` that is registered in
 * `observability` by ours, in the same place, with the old one's logger and configuration (as options and environment
 * came to when it was constructed). For set-ups that create their exporters themselves, as `default: { enabled: true }`
 * does. Works before and after `observability` is given to `new Mastra()`.
 *
 * The exchange is made when the call returns: what is exported from then on goes to the new exporters. What the old ones
 * were given before they still send; the promise resolves when they have and their timers are stopped, after 30000 ms
 * at most.
 *
 * What cannot be read (a subclass, an instance or exporter of an unknown shape) is left alone, which is returned and
 * worth one warning. So is everything where there is no native binary; that has been said already (`nativeBinding`).
 * Never throws or rejects.
 */
export async function useNativeExporters(observability: ObservabilityEntrypoint): Promise<UsedNativeExporters> {
  const replacement = new Replacement();
  try {
    for (const [name, instance] of observability.listInstances()) replacement.replaceIn(name, instance);
  } catch (error) {
    // Its class or its kind, not its fields: those of a configuration would show the token.
    const given = inspect(observability, { depth: -1 });
    const message = `useNativeExporters expects the Observability of a Mastra application, got ${given}`;
    safely(() => new ConsoleLogger({ name: 'useNativeExporters', level: LogLevel.WARN }).warn(message, { error }));
  }
  replacement.warn();
  await replacement.settle();
  return replacement.used;
}

class Replacement {
  readonly used: UsedNativeExporters = { replaced: [], leftAlone: [] };
  /** One for each old exporter, also if that is registered in several instances. */
  readonly #natives = new Map<ObservabilityExporter, NativeExporter>();
  readonly #pending: Promise<unknown>[] = [];
  #logger: IMastraLogger | undefined;

  replaceIn(instanceName: string, instance: ObservabilityInstance): void {
    const { replaced, leftAlone } = this.used;
    for (const exporter of exportersOf(instance)) {
      const kind = peerKind(exporter);
      if (!kind) continue;
      try {
        const registrations = registrationsOf(instance);
        const native = this.#natives.get(exporter) ?? nativeFor(kind, exporter);
        // As Mastra does it when it gets the observability, which may have happened before.
        native.init?.({ config: instance.getConfig(), emitDropEvent: (event) => registrations.bus.emitDropEvent(event) });
        exchange(registrations, exporter, native);
        this.#natives.set(exporter, native);
        this.#pending.push(...pendingHandlers(registrations));
        replaced.push({ instanceName, exporter, native });
      } catch (error) {
        leftAlone.push({ instanceName, exporter, reason: error instanceof Error ? error.message : String(error) });
        // The exporter's own is heard also before there is a Mastra, where that of the instance writes errors only.
        this.#logger ??= (Reflect.get(exporter, 'logger') as IMastraLogger | undefined) ?? instance.getLogger();
      }
    }
  }

  /** One warning for all that was left alone. */
  warn(): void {
    const exporters = this.used.leftAlone.map(({ exporter, ...rest }) => ({ exporterName: exporter.name, ...rest }));
    if (exporters.length === 0 || !nativeBinding.loaded) return;
    safely(() => this.#logger?.warn('useNativeExporters left exporters as they were', { exporters }));
  }

  /** Waits until the old exporters have sent what they were given; then they have nothing more to do. */
  async settle(): Promise<void> {
    const old = [...this.#natives.keys()];
    if (old.length === 0) return;
    const sent = Promise.allSettled([...old.map((exporter) => exporter.flush()), ...this.#pending]);
    const stopped = sent.then(() => Promise.allSettled(old.map((exporter) => exporter.shutdown())));
    const timeout = new AbortController();
    // As long as a flush is waited for.
    const withinMs = numberOption('flushTimeoutMs', {});
    await Promise.race([stopped, setTimeout(withinMs, undefined, { signal: timeout.signal }).catch(() => {})]);
    timeout.abort();
  }
}
