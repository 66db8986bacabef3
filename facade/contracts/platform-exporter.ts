import {
  MastraPlatformExporter as PeerExporter,
  type MastraPlatformExporterConfig as PeerConfig,
} from '@mastra/observability';

import { nativeOr } from '../native/fallback.js';
import { checkProjectId, type Contract } from './contract.js';
import { NativeTelemetryExporter } from './exporter.js';
import type { NativeExporterOptions } from './native-options.js';
import type { SharedOptions } from './shared-options.js';
import type { DropIn } from './subclass.js';
import { COMMON_OPTIONS } from './unknown-options.js';

/** The options of `MastraPlatformExporter` of `@mastra/observability`, and ours. */
export interface MastraPlatformExporterConfig extends SharedOptions, PeerConfig, NativeExporterOptions {
  /**
   * Whether token, project and address of the spans may come from environment variables. Default `true`. `false` keeps
   * a project's `.env` from redirecting the telemetry of the program that hosts the project.
   */
  resolveFromEnv?: boolean;
}

/** The header that tells the collector the abilities of the exporter. */
export const OBSERVABILITY_CAPABILITIES_HEADER = 'x-mastra-observability-capabilities';
/** Its value: the collector may pause the exporter for lack of quota. */
export const QUOTA_PAUSE_CAPABILITY = 'quota-pause-v1';

const CONTRACT: Contract<MastraPlatformExporterConfig> = {
  name: 'mastra-platform-exporter',
  exporterName: 'MastraPlatformExporter',
  errorIdPrefix: 'MASTRA_PLATFORM_EXPORTER',
  tokenVariable: 'MASTRA_PLATFORM_ACCESS_TOKEN',
  knownOptions: [...COMMON_OPTIONS, 'resolveFromEnv'],
  quotaPause: true,
  javascriptExporter: PeerExporter.prototype,
  credentials(config) {
    checkProjectId(CONTRACT, config.projectId);
    // An empty variable counts as none (peer).
    const variable = (name: string) => (config.resolveFromEnv ?? true ? process.env[name] || undefined : undefined);
    const projectId = config.projectId ?? variable('MASTRA_PROJECT_ID');
    checkProjectId(CONTRACT, projectId);
    return {
      accessToken: config.accessToken || variable('MASTRA_PLATFORM_ACCESS_TOKEN') || variable('MASTRA_CLOUD_ACCESS_TOKEN'),
      projectId,
      tracesEndpoint:
        config.tracesEndpoint ??
        variable('MASTRA_CLOUD_TRACES_ENDPOINT') ??
        variable('MASTRA_PLATFORM_OBSERVABILITY_ENDPOINT'),
    };
  },
};

class NativePlatformExporter extends NativeTelemetryExporter {
  constructor(config: MastraPlatformExporterConfig = {}) {
    super(CONTRACT, config);
  }
}

/**
 * Sends ended spans, logs, metrics, scores and feedback to the Mastra platform. A drop-in for `MastraPlatformExporter`
 * of `@mastra/observability`, its quota pause included. Batching, retries and requests run on a native thread. Without
 * the binary this is Mastra's JavaScript exporter (see `nativeBinding`).
 *
 * @throws MastraError from the constructor: `MASTRA_PLATFORM_EXPORTER_INVALID_PROJECT_ID`,
 * `MASTRA_PLATFORM_EXPORTER_INVALID_ENDPOINT`, `MASTRA_PLATFORM_EXPORTER_INVALID_OPTION`.
 */
export class MastraPlatformExporter extends (nativeOr(NativePlatformExporter, () => PeerExporter) as unknown as DropIn<MastraPlatformExporterConfig, PeerExporter>) {}
