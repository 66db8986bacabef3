import { inspect } from 'node:util';

import { ConsoleLogger, LogLevel, type IMastraLogger } from '@mastra/core/logger';
import type { ObservabilityEntrypoint, ObservabilityExporter, ObservabilityInstance } from '@mastra/core/observability';

import { safely } from '../log/log.js';
import { settledWithin } from '../native/clock.js';
import { numberOption } from '../native/engine.js';
import { nativeBinding } from '../native/load.js';
import { nativeFor, peerKind, type NativeExporter } from './javascript-exporter.js';
import { exchange, exportersOf, pendingHandlers, registrationsOf } from './registrations.js';

/** The result of `useNativeExporters`. An exporter is listed once for each instance in which it is registered. */
export interface UsedNativeExporters {
  /** Mastra's JavaScript exporters that were replaced, with their replacements. */
  replaced: { instanceName: string; exporter: ObservabilityExporter; native: NativeExporter }[];
  /** Mastra's JavaScript exporters that were left alone, and why. */
  leftAlone: { instanceName: string; exporter: ObservabilityExporter; reason: string }[];
}

/**
 * Replaces every `CloudExporter` and `MastraPlatformExporter` of `@mastra/observability` that is registered in
 * `observability` by ours. The new exporter has the same place, logger and configuration; the configuration is that
 * which the old one resolved from options and environment when it was constructed. For set-ups that create their
 * exporters themselves, as `default: { enabled: true }` does. Works before and after `observability` is given to `new
 * Mastra()`.
 *
 * The exchange is complete when the call returns: events exported after that go to the new exporters. The old ones
 * still send the events that they were given. The promise resolves when they have sent them and their timers are
 * stopped, after 30000 ms at most.
 *
 * Exporters that cannot be read (a subclass, an instance or exporter of an unknown shape) are left alone, returned in
 * `leftAlone`, and named in one warning. Without a native binary all exporters are left alone; `nativeBinding` has been
 * reported before. Never throws or rejects.
 */
export async function useNativeExporters(observability: ObservabilityEntrypoint): Promise<UsedNativeExporters> {
  const replacement = new Replacement();
  try {
    for (const [name, instance] of observability.listInstances()) replacement.replaceIn(name, instance);
  } catch (error) {
    // Its class or its kind is shown, not its fields: the fields of a configuration would show the token.
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
  /** One for each old exporter, also for one that is registered in several instances. */
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
        // Mastra does the same when it gets the observability, which may have happened before.
        native.init?.({ config: instance.getConfig(), emitDropEvent: (event) => registrations.bus.emitDropEvent(event) });
        exchange(registrations, exporter, native);
        this.#natives.set(exporter, native);
        this.#pending.push(...pendingHandlers(registrations));
        replaced.push({ instanceName, exporter, native });
      } catch (error) {
        leftAlone.push({ instanceName, exporter, reason: error instanceof Error ? error.message : String(error) });
        // The exporter's own logger also writes before there is a Mastra; that of the instance writes errors only then.
        this.#logger ??= (Reflect.get(exporter, 'logger') as IMastraLogger | undefined) ?? instance.getLogger();
      }
    }
  }

  /** Logs one warning for all exporters that were left alone. */
  warn(): void {
    const exporters = this.used.leftAlone.map(({ exporter, ...rest }) => ({ exporterName: exporter.name, ...rest }));
    if (exporters.length === 0 || !nativeBinding.loaded) return;
    safely(() => this.#logger?.warn('useNativeExporters left exporters as they were', { exporters }));
  }

  /** Waits until the old exporters have sent what they were given; after that they have nothing more to do. */
  async settle(): Promise<void> {
    const old = [...this.#natives.keys()];
    if (old.length === 0) return;
    const sent = Promise.allSettled([...old.map((exporter) => exporter.flush()), ...this.#pending]);
    const stopped = sent.then(() => Promise.allSettled(old.map((exporter) => exporter.shutdown())));
    // The limit is that of a flush.
    await settledWithin([stopped], numberOption('flushTimeoutMs', {}));
  }
}
