export { CloudExporter, type CloudExporterConfig } from './cloud-exporter.js';
export { nativeBinding, type NativeBinding } from './native-binding.js';
export type { NativeExporterOptions } from './native-options.js';
export { MastraPlatformExporter, type MastraPlatformExporterConfig } from './platform-exporter.js';
export type { DropReason, ExporterStats, SignalStats } from './stats.js';
export { useNativeExporters, type UsedNativeExporters } from './use-native.js';
