import type { ObservabilityExporter } from '@mastra/core/observability';

import { CloudExporter, type CloudExporterConfig } from '../contracts/cloud-exporter.js';
import { MastraPlatformExporter } from '../contracts/platform-exporter.js';
import { nativeBinding } from '../native/load.js';

/** One of our exporters. */
export type NativeExporter = CloudExporter | MastraPlatformExporter;

/**
 * A class of the peer: how it is recognised, the field with the configuration of its instances, and its replacement.
 */
interface Kind {
  name: string;
  /** The private field with the resolved configuration. */
  resolvedField: string;
  create(config: CloudExporterConfig): NativeExporter;
}

const KINDS: readonly Kind[] = [
  {
    name: 'mastra-cloud-observability-exporter',
    resolvedField: 'cloudConfig',
    create: (config) => new CloudExporter(config),
  },
  {
    name: 'mastra-platform-exporter',
    resolvedField: 'platformConfig',
    create: (config) => new MastraPlatformExporter(config),
  },
];

/** The resolved values are copied, because the environment may have changed since. */
const RESOLVED = [
  'accessToken',
  'tracesEndpoint',
  'logsEndpoint',
  'metricsEndpoint',
  'scoresEndpoint',
  'feedbackEndpoint',
] as const;

/** What the classes of the peer inherit. */
const OF_THE_BASE = ['isDisabled', 'setDisabled', 'applySpanFormatter', 'exportTracingEvent', 'onTracingEvent'] as const;

/**
 * Returns the kind of the peer's exporter, for any copy of its package and for derived classes; `undefined` for all
 * other exporters, ours included.
 */
export function peerKind(exporter: ObservabilityExporter): Kind | undefined {
  // Our classes have the same names. The counters tell them apart, also those of another copy of this package.
  if ('stats' in exporter) return undefined;
  return KINDS.find(({ name, resolvedField }) => exporter.name === name || resolvedField in exporter);
}

/**
 * Makes one of our exporters with the configuration and the logger of a peer's exporter.
 *
 * @throws Error saying what of the exporter cannot be read; MastraError of the exporter's constructor.
 */
export function nativeFor({ name: kindName, resolvedField, create }: Kind, exporter: ObservabilityExporter): NativeExporter {
  if (!nativeBinding.loaded) throw new Error(nativeBinding.reason);
  if (exporter.name !== kindName || !isDirectInstance(exporter)) throw new Error('it is of a class of its own');
  const given = field(exporter, 'baseConfig');
  const resolved = field(exporter, resolvedField);
  if (hasOwnMethods(exporter)) throw new Error('its methods were replaced');
  // Without a token the new one is disabled too. Any other reason is not known.
  if (Reflect.get(exporter, 'isDisabled') && resolved['accessToken']) throw new Error('it was disabled');
  for (const name of RESOLVED) {
    const type = typeof resolved[name];
    if (type !== 'string') throw new Error(`its ${resolvedField}.${name} is not a string but ${type}`);
  }
  const values = Object.fromEntries(RESOLVED.map((name) => [name, resolved[name]]));
  const taken: Record<string, unknown> = { ...values, resolveFromEnv: false, logger: Reflect.get(exporter, 'logger') };
  // Not a copy: the copy of a class instance would have neither methods nor accessors.
  const config = new Proxy(given, { get: (target, name: string) => (name in taken ? taken[name] : Reflect.get(target, name)) });
  const native = create(config);
  // Later changes of this object by the application count as before.
  Object.defineProperty(native, 'baseConfig', { value: given });
  return native;
}

/** Whether the class of the exporter derives directly from the peer's base class. */
function isDirectInstance(exporter: object): boolean {
  const base: unknown = Object.getPrototypeOf(Object.getPrototypeOf(exporter));
  return typeof base === 'object' && base !== null && Object.hasOwn(base, 'applySpanFormatter');
}

/** Whether the application has replaced what decides about sending, on the exporter or in its class: such as to redact. */
function hasOwnMethods(exporter: object): boolean {
  const own = Object.values(Object.getOwnPropertyDescriptors(exporter));
  if (own.some(({ get, value }) => get !== undefined || typeof value === 'function')) return true;
  return OF_THE_BASE.some((name) => Object.hasOwn(Object.getPrototypeOf(exporter) as object, name));
}

function field(exporter: object, name: string): Record<string, unknown> {
  const value: unknown = Reflect.get(exporter, name);
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new Error(`its ${name} is not an object but ${value === null ? 'null' : typeof value}`);
}
