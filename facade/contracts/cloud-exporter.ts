import { CloudExporter as PeerExporter, type CloudExporterConfig as PeerConfig } from '@mastra/observability';

import { nativeOr } from '../native/fallback.js';
import { checkProjectId, isProjectId, type Contract } from './contract.js';
import { NativeTelemetryExporter } from './exporter.js';
import type { NativeExporterOptions } from './native-options.js';
import type { SharedOptions } from './shared-options.js';
import type { DropIn } from './subclass.js';
import { COMMON_OPTIONS } from './unknown-options.js';

/**
 * The options of `CloudExporter` of `@mastra/observability`, and ours.
 *
 * @deprecated as in `@mastra/observability`: use `MastraPlatformExporterConfig`.
 */
export interface CloudExporterConfig extends SharedOptions, PeerConfig, NativeExporterOptions {}

const CONTRACT: Contract<CloudExporterConfig> = {
  name: 'mastra-cloud-observability-exporter',
  exporterName: 'CloudExporter',
  errorIdPrefix: 'CLOUD_EXPORTER',
  tokenVariable: 'MASTRA_CLOUD_ACCESS_TOKEN',
  knownOptions: COMMON_OPTIONS,
  quotaPause: false,
  javascriptExporter: PeerExporter.prototype,
  credentials(config) {
    checkProjectId(CONTRACT, config.projectId);
    const projectId = config.projectId ?? process.env['MASTRA_PROJECT_ID'];
    return {
      accessToken: config.accessToken ?? process.env['MASTRA_CLOUD_ACCESS_TOKEN'],
      // A bad id is an error as an option, and ignored as an environment variable (peer).
      projectId: projectId && isProjectId(projectId) ? projectId : undefined,
      tracesEndpoint: config.tracesEndpoint ?? process.env['MASTRA_CLOUD_TRACES_ENDPOINT'],
    };
  },
};

class NativeCloudExporter extends NativeTelemetryExporter {
  constructor(config: CloudExporterConfig = {}) {
    super(CONTRACT, config);
  }
}

/**
 * Sends ended spans, logs, metrics, scores and feedback to a Mastra collector. A drop-in for `CloudExporter` of
 * `@mastra/observability`: same options, environment variables, log lines and error ids. Batching, retries and requests
 * run on a native thread. Without the binary this is Mastra's JavaScript exporter (see `nativeBinding`).
 *
 * @throws MastraError from the constructor: `CLOUD_EXPORTER_INVALID_PROJECT_ID`, `CLOUD_EXPORTER_INVALID_ENDPOINT`,
 * `CLOUD_EXPORTER_INVALID_OPTION`.
 * @deprecated as in `@mastra/observability`: use `MastraPlatformExporter`.
 */
export class CloudExporter extends (nativeOr(NativeCloudExporter, () => PeerExporter) as unknown as DropIn<CloudExporterConfig, PeerExporter>) {}
