export { CloudExporter, type CloudExporterConfig } from './contracts/cloud-exporter.js';
export { nativeBinding, type NativeBinding } from './native/load.js';
export type { NativeExporterOptions } from './contracts/native-options.js';
export {
  MastraPlatformExporter,
  OBSERVABILITY_CAPABILITIES_HEADER,
  QUOTA_PAUSE_CAPABILITY,
  type MastraPlatformExporterConfig,
} from './contracts/platform-exporter.js';
export type { DropReason, ExporterHealth, ExporterState, ExporterStats, SignalStats } from './native/stats.js';
export { useNativeExporters, type UsedNativeExporters } from './replace/use-native.js';
