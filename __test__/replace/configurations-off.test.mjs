// The suite of configurations.test.mjs with the JavaScript exporters in our place: nothing is replaced, and nothing changes.
process.env.MASTRA_NATIVE_EXPORTER = 'off';
await import('./configurations.test.mjs');
