export { nativeBinding, type NativeBinding } from './native-binding.js';
export type { NativeExporterOptions } from './native-options.js';
export type { DropReason, ExporterStats, SignalStats } from './stats.js';
export { CloudExporter, type AITracingEvent, type CloudExporterConfig } from './ai-tracing/cloud-exporter.js';
export type { ExportedAISpan } from './ai-tracing/record.js';
