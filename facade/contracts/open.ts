import type { ExporterLog } from '../log/log.js';
import type { NativeOptions } from '../native/engine.js';
import { trustAsNode } from '../network/certificates.js';
import { readableHosts } from '../network/hosts.js';
import { environmentProxies } from '../network/proxies.js';
import { Pipeline, type OnDropped, type PipelineLog } from '../pipeline/pipeline.js';

/** What the exporter itself knows of its options; proxies are those of the process. */
type ExporterOptions = Omit<NativeOptions, 'proxies'>;

/**
 * Opens the pipeline of an exporter. A token that would travel readable for others and a proxy that cannot be used are
 * worth a warning to `log` each; what happens later is written to `pipelineLog`.
 */
export function openPipeline(
  // These two are the facade's; the engine does not know them.
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
