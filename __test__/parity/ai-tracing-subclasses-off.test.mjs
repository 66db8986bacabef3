// The suite of ai-tracing-subclasses.test.mjs with the JavaScript exporter in our place.
process.env.MASTRA_NATIVE_EXPORTER = 'off';
await import('./ai-tracing-subclasses.test.mjs');
