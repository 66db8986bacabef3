import type { ExporterLog } from '../log/log.js';
import type { NativeOptions } from '../native/engine.js';
import { trustedPem } from '../network/certificates.js';
import { readableHosts } from '../network/hosts.js';
import { environmentProxies } from '../network/proxies.js';
import { Pipeline, type OnDropped, type PipelineLog } from '../pipeline/pipeline.js';

/** What the exporter itself knows of its options; proxies and certificates are those of the process. */
type ExporterOptions = Omit<NativeOptions, 'trustedPem' | 'proxies'>;

/**
 * Opens the pipeline of an exporter. A token that would travel readable for others is worth a warning to `log`; what
 * happens later is written to `pipelineLog`.
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
  const secure = [...endpoints, ...proxies].some((url) => url !== null && URL.canParse(url) && new URL(url).protocol === 'https:');
  const network = { proxies, ...(secure ? { trustedPem: trustedPem() } : {}) };
  return new Pipeline({ ...options, ...network }, pipelineLog, onDropped);
}
