import type { ExporterLog } from '../log/log.js';
import type { NativeOptions } from '../native/engine.js';
import { trustAsNode } from '../network/certificates.js';
import { readableHosts } from '../network/hosts.js';
import { environmentProxies } from '../network/proxies.js';
import { Pipeline, type OnDropped, type PipelineLog } from '../pipeline/pipeline.js';

/** The options that the exporter resolves itself. Proxies are not among them: those are the process's. */
type ExporterOptions = Omit<NativeOptions, 'proxies'>;

/**
 * Opens the pipeline of an exporter. A token that others could read on its way and a proxy that cannot be used each
 * give a warning on `log`. Everything that happens later is written to `pipelineLog`.
 */
export function openPipeline(
  // The facade uses these two; the engine does not know them.
  { flushTimeoutMs: _flush, shutdownTimeoutMs: _shutdown, ...options }: ExporterOptions,
  log: ExporterLog,
  onDropped: OnDropped,
  pipelineLog: PipelineLog = log,
): Pipeline {
  const { endpoints } = options;
  const exposed = readableHosts(endpoints);
  if (exposed.length > 0) log.readableToken(exposed);
  const proxies = environmentProxies(endpoints);
  if (proxies.unusable.length > 0) log.unusableProxy(proxies.unusable);
  if ([...endpoints, ...proxies.urls].some((url) => /^\s*https:/i.test(url ?? ''))) trustAsNode();
  return new Pipeline({ ...options, proxies: proxies.urls }, pipelineLog, onDropped);
}
