// The application of the delivery cases. It runs on the Node of another platform, and imports nothing of the tests.
// SPANS says how many it exports, LOAD how it loads the exporter, OPTIONS its options as JSON, END how it ends.
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Worker, isMainThread, workerData } from 'node:worker_threads';

const { URL: endpoint, SPANS = '3', LOAD = 'import', OPTIONS = '{}', END = 'script' } = process.env;
/** A part of what is exported for each span, which takes at least this number of bytes. */
const INPUT = 'x'.repeat(1000);

const { CloudExporter, nativeBinding } = LOAD === 'require'
  ? createRequire(import.meta.url)('mastra-native-exporter')
  : await import('mastra-native-exporter');

/** Emulated on a busy machine, all takes long: no time limit decides a case. */
const PATIENT = { exitTimeoutMs: 60_000, flushTimeoutMs: 60_000, requestTimeoutMs: 60_000, maxBatchWaitMs: 3_600_000 };

/** Synchronous: the next statement may end the process. */
const say = (line) => writeSync(1, `${line}\n`);

function exportSpans(prefix) {
  const exporter = new CloudExporter({ accessToken: 't', endpoint, ...PATIENT, ...JSON.parse(OPTIONS) });
  for (let i = 0; i < Number(SPANS); i += 1) {
    const exportedSpan = { id: `${prefix}${i}`, traceId: 't', name: 'Zürich ☀️', type: 'agent_run', startTime: new Date(0), input: INPUT };
    void exporter.exportTracingEvent({ type: 'span_ended', exportedSpan });
  }
  return exporter;
}

async function until(isSo) {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const ENDS = {
  script() {},
  async flush(exporter) {
    await exporter.flush();
    say('flushed');
  },
  exit() { process.exit(3); },
  throw() { throw new Error('on purpose'); },
  signal() {
    setInterval(() => {}, 1_000_000);
    say('ready');
  },
  /** All is in the files of the spool. */
  async spooled(exporter) {
    await until(() => exporter.stats().traces.spoolBytes >= Number(SPANS) * INPUT.length);
    ENDS.signal();
  },
  /** What an earlier process has left is delivered. */
  async recovered(exporter) {
    await until(() => exporter.stats().traces.delivered >= Number(process.env.LEFT));
    await exporter.shutdown();
  },
};

if (!isMainThread) {
  exportSpans(workerData.prefix);
  if (workerData.way === 'exit') process.exit();
} else if (END === 'workers') {
  // One after the other, without an exporter of this thread: each loads the addon and, as the last one, unloads it.
  for (const [i, way] of ['end', 'exit', 'end'].entries()) {
    await new Promise((resolve, reject) => {
      new Worker(new URL(import.meta.url), { workerData: { prefix: `w${i}-`, way } }).once('error', reject).once('exit', resolve);
    });
  }
} else {
  say(nativeBinding.path);
  const exporter = exportSpans('s');
  // Not at the top level of the module, where a throw would become a rejection.
  setImmediate(() => ENDS[END](exporter));
}
