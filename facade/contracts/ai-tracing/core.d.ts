/** The part of `@mastra/core/ai-tracing` of 0.24 that is used. The version that is installed here does not have it. */
declare module '@mastra/core/ai-tracing' {
  import type { IMastraLogger, LogLevel } from '@mastra/core/logger';

  export abstract class BaseExporter {
    abstract name: string;
    protected logger: IMastraLogger;
    protected isDisabled: boolean;
    constructor(config?: { logger?: IMastraLogger; logLevel?: LogLevel | 'debug' | 'info' | 'warn' | 'error' });
    __setLogger(logger: IMastraLogger): void;
    protected setDisabled(reason: string): void;
    exportEvent(event: { type: string; exportedSpan: import('./record.js').ExportedAISpan }): Promise<void>;
    protected abstract _exportEvent(event: { type: string; exportedSpan: import('./record.js').ExportedAISpan }): Promise<void>;
    shutdown(): Promise<void>;
  }

  export const CloudExporter: new (config?: object) => BaseExporter;
}
