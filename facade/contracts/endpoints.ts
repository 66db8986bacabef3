import { exporterError, type Names } from '../log/errors.js';
import { SIGNALS, publishSegment, type Signal } from '../native/signals.js';

const DEFAULT_ENDPOINT = 'https://observability.mastra.ai';

/** The addresses that a caller can give. Values are checked here, so any type may arrive. */
export interface EndpointOptions {
  projectId: string | undefined;
  endpoint: unknown;
  /**
   * One for each signal that has an address of its own. The one for traces may come from
   * `MASTRA_CLOUD_TRACES_ENDPOINT`.
   */
  explicit: Partial<Record<Signal, unknown>>;
}

/**
 * Returns the publish URL of each signal, in the order of `SIGNALS`. A signal's own address comes first, then the
 * address of traces with the last path segments replaced, then `endpoint` (default `https://observability.mastra.ai`).
 * The rules are the peer's.
 *
 * @throws MastraError `<PREFIX>_INVALID_ENDPOINT` naming the address.
 */
export function resolveEndpoints(names: Names, { projectId, endpoint, explicit }: EndpointOptions): string[] {
  const invalid = (given: unknown, text: string, cause?: unknown) =>
    exporterError(names, 'INVALID_ENDPOINT', { text: `${names.exporterName} ${text}`, details: { endpoint: given }, cause });
  const suffix = (signal: Signal) => `/${publishSegment(signal)}/publish`;
  const derived = (origin: string, signal: Signal) =>
    `${origin}${projectId ? `/projects/${projectId}` : ''}/ai${suffix(signal)}`;

  const parse = (given: unknown, text: string): URL => {
    try {
      return new URL(withoutTrailingSlashes(given));
    } catch (error) {
      throw invalid(given, text, error);
    }
  };

  const fromBase = (given: unknown): string => {
    const text = 'endpoint must be a base origin like "https://collector.example.com" with no path, search, or hash.';
    const url = parse(given, text);
    if (url.pathname !== '/' || url.search || url.hash) throw invalid(given, text);
    return url.origin;
  };

  const fromExplicit = (given: unknown, signal: Signal): string => {
    const text = `${signal}Endpoint must be a base origin like "https://collector.example.com" or a full ${signal} publish URL ending in "${suffix(signal)}".`;
    const url = parse(given, text);
    const path = withoutTrailingSlashes(url.pathname);
    if (url.search || url.hash) throw invalid(given, text);
    if (!path) return derived(url.origin, signal);
    if (path.endsWith(suffix(signal))) return `${url.origin}${path}`;
    throw invalid(given, text);
  };

  const fromTraces = (address: string, signal: Signal): string => {
    // A URL without an origin, such as grpc://, has passed as an origin up to here (peer).
    parse(
      address,
      `tracesEndpoint must be a base origin like "https://collector.example.com" or a full traces publish URL ending in "${suffix('traces')}".`,
    );
    return `${address.slice(0, -suffix('traces').length)}${suffix(signal)}`;
  };

  const traces = explicit.traces ? fromExplicit(explicit.traces, 'traces') : undefined;
  const base = traces ? undefined : fromBase(endpoint ?? DEFAULT_ENDPOINT);
  return SIGNALS.map((signal) => {
    if (signal === 'traces' && traces) return traces;
    if (signal !== 'traces' && explicit[signal]) return fromExplicit(explicit[signal], signal);
    if (traces) return fromTraces(traces, signal);
    return derived(base ?? '', signal);
  });
}

function withoutTrailingSlashes(value: unknown): string {
  const text = String(value);
  let end = text.length;
  while (text[end - 1] === '/') end -= 1;
  return text.slice(0, end);
}
