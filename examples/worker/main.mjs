// Exporters in worker threads. The import below makes the main thread deliver what workers still have when a signal ends
// the process: signals reach the main thread alone.
import 'mastra-native-exporter';
import { Worker } from 'node:worker_threads';

const worker = new Worker(new URL('./worker.mjs', import.meta.url));
worker.on('message', (line) => console.log(line));
worker.on('error', (error) => {
  console.error(error);
  process.exitCode = 1;
});
