export { CloudExporter, type CloudExporterConfig } from './cloud-exporter.js';
