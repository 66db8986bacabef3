// The suite of subclasses.test.mjs with the JavaScript exporters in our place: going back changes nothing for a subclass.
process.env.MASTRA_NATIVE_EXPORTER = 'off';
await import('./subclasses.test.mjs');
