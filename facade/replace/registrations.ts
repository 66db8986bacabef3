import type { ObservabilityExporter, ObservabilityInstance } from '@mastra/core/observability';
import type { BaseObservabilityInstance, ObservabilityBus } from '@mastra/observability';

/** Every place where an instance of `@mastra/observability` keeps its exporters. */
export interface Registrations {
  /** The event bus. */
  bus: ObservabilityBus;
  /** The array `config.exporters` itself: context, logger and shutdown go to its members. */
  configured: ObservabilityExporter[];
}

/** Returns all exporters that are registered anywhere in the instance. */
export function exportersOf(instance: ObservabilityInstance): Set<ObservabilityExporter> {
  const bus = busOf(instance);
  return new Set([...instance.getExporters(), ...(bus?.getExporters() ?? [])]);
}

/** @throws Error saying how the instance differs from those of `@mastra/observability`. */
export function registrationsOf(instance: ObservabilityInstance): Registrations {
  const bus = busOf(instance);
  if (!bus) throw new Error('its instance has no event bus of a known shape');
  const configured = instance.getConfig().exporters;
  if (!Array.isArray(configured) || Object.isFrozen(configured)) {
    throw new Error('the exporters of its instance are not an array that can be changed');
  }
  return { bus, configured };
}

/** Puts the new exporter into the places of the old one. The order stays the same. */
export function exchange({ bus, configured }: Registrations, old: ObservabilityExporter, by: ObservabilityExporter): void {
  const exchanged = (exporter: ObservabilityExporter) => (exporter === old ? by : exporter);
  configured.splice(0, configured.length, ...configured.map(exchanged));
  // The bus can only append. So all exporters are removed and added again within one turn, and no event is missed.
  const registered = bus.getExporters();
  for (const exporter of registered) bus.unregisterExporter(exporter);
  for (const exporter of registered) bus.registerExporter(exchanged(exporter));
}

/** The unfinished handlers of the bus: the peer takes a record over only some steps after the call. */
export function pendingHandlers({ bus }: Registrations): Promise<unknown>[] {
  return [...(Reflect.get(bus, 'pendingHandlers') as Set<Promise<unknown>>)];
}

function busOf(instance: ObservabilityInstance): ObservabilityBus | undefined {
  const bus = (instance as Partial<BaseObservabilityInstance>).getObservabilityBus?.();
  const methods = ['getExporters', 'registerExporter', 'unregisterExporter', 'emitDropEvent'];
  const known = bus && Reflect.get(bus, 'pendingHandlers') instanceof Set;
  return known && methods.every((name) => typeof Reflect.get(bus, name) === 'function') ? bus : undefined;
}
