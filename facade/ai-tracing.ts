export { nativeBinding, type NativeBinding } from './native/load.js';
export type { NativeExporterOptions } from './contracts/native-options.js';
export type { DropReason, ExporterHealth, ExporterState, ExporterStats, SignalStats } from './native/stats.js';
export { CloudExporter, type AITracingEvent, type CloudExporterConfig } from './contracts/ai-tracing/cloud-exporter.js';
export type { ExportedAISpan } from './contracts/ai-tracing/record.js';
