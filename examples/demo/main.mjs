import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import { CloudExporter } from 'mastra-native-exporter';

import { createApp } from './app.mjs';
import { startCollectorThread } from './collector-thread.mjs';
import { createCollectingLogger, logLine, sentSomething } from './logs.mjs';
import { failedRequests, missingSignals, oneLine, report } from './report.mjs';
import { startStudio } from './studio.mjs';

const USAGE = 'usage: node examples/demo/main.mjs [--studio | --endpoint URL --token T]';

process.env.MASTRA_TELEMETRY_DISABLED = '1';
// This variable would win over the endpoint given here, and send the demo's records somewhere else.
delete process.env.MASTRA_CLOUD_TRACES_ENDPOINT;

const ignore = async () => {};
/** An exporter that does nothing: what the application costs by itself. */
const nullExporter = { name: 'null', exportTracingEvent: ignore, flush: ignore, shutdown: ignore };

/**
 * @param {string[]} args
 * @returns {{ endpoint?: string, token: string, studio?: boolean } | undefined} undefined if they make no sense
 */
function parse(args) {
  const string = { type: 'string' };
  try {
    const { values } = parseArgs({ args, options: { endpoint: string, token: string, studio: { type: 'boolean' } } });
    const { endpoint, token, studio } = values;
    if (!endpoint !== !token) throw new Error('--endpoint and --token go together');
    if (studio && endpoint) throw new Error('--studio starts its own collector: it goes without --endpoint');
    return { endpoint, token: token ?? 'demo-token', studio };
  } catch (error) {
    console.error(`${oneLine(error.message)}\n${USAGE}`);
    return undefined;
  }
}

/** Runs the app a few times, so that what is measured later is loaded and compiled. */
async function warmUp() {
  for (let run = 0; run < 3; run += 1) {
    const app = createApp({ exporters: [nullExporter] });
    await app.run();
    await app.mastra.shutdown();
  }
}

/**
 * Runs the app and shuts it down as an app does at its end.
 * @param {object} exporter
 * @param {object} [logger]  for Mastra
 * @returns times in milliseconds
 */
async function measure(exporter, logger) {
  const app = createApp({ exporters: [exporter], logger });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  const result = await app.run();
  const runEnd = performance.now();
  await app.mastra.shutdown();
  const end = performance.now();
  delay.disable();
  return { result, runMs: runEnd - start, shutdownMs: end - runEnd, worstDelayMs: delay.max / 1e6 };
}

/**
 * @param {Awaited<ReturnType<typeof measure>>} measured
 * @param {Awaited<ReturnType<typeof measure>>} baseline  the same without an exporter
 * @returns {string}
 */
function summary({ result, runMs, shutdownMs, worstDelayMs }, baseline) {
  return [
    'The app: an agent with a tool (generate, stream) and a workflow, run twice (once with a wrong order)',
    '',
    ...result.answers.map(answer => `  agent      ${answer}`),
    ...result.notices.map(notice => `  workflow   ${notice}`),
    ...result.errors.map(error => `  workflow   failed on purpose: ${error}`),
    '',
    '                           with the exporter   the same run without one',
    `  run                      ${milliseconds(runMs)}   ${milliseconds(baseline.runMs)}`,
    `  shutdown, final flush    ${milliseconds(shutdownMs)}   ${milliseconds(baseline.shutdownMs)}`,
    `  longest event-loop delay ${milliseconds(worstDelayMs)}   ${milliseconds(baseline.worstDelayMs)}`,
    '  One run each: small differences are chance. npm run bench measures what the exporter costs.',
  ].join('\n');
}

/** @param {number} ms @returns {string} */
function milliseconds(ms) {
  return `${ms.toFixed(1).padStart(14)} ms`;
}

/** @returns {Promise<number>} the exit code */
async function main() {
  const options = parse(process.argv.slice(2));
  if (!options) return 2;
  if (!options.studio) return demo(options);

  const studio = await startStudio(options.token);
  const code = await demo({ endpoint: studio.endpoint, token: options.token });
  console.log(`\nThe traces are in Mastra Studio: ${studio.endpoint}/traces   (Ctrl-C ends it)`);
  await studio.ended;
  return code;
}

/** @param {{ endpoint?: string, token: string }} options @returns {Promise<number>} the exit code */
async function demo(options) {
  const collector = options.endpoint ? undefined : await startCollectorThread();
  const endpoint = options.endpoint ?? collector.url;
  try {
    const { logger, lines } = createCollectingLogger();
    const exporter = new CloudExporter({ accessToken: options.token, endpoint, logger, logLevel: 'debug' });
    console.log(`CloudExporter of mastra-native-exporter, sending to ${endpoint}\n`);
    await warmUp();
    const baseline = await measure(nullExporter);
    console.log(`${summary(await measure(exporter, logger), baseline)}\n`);

    const requests = await collector?.stop();
    if (requests) console.log(report(requests));
    else console.log(`What the exporter logged\n\n${lines.map(logLine).join('\n')}`);
    return verdict(requests, lines, exporter.stats().lastError);
  } catch (error) {
    await collector?.stop();
    console.error(`The demo failed: ${oneLine(error.message)}`);
    return 1;
  }
}

/**
 * @param {import('./collector.mjs').RecordedRequest[] | undefined} requests  undefined: the collector is not ours
 * @param {import('./logs.mjs').LogLine[]} lines
 * @param {{ endpoint: string, cause: string } | undefined} lastError  of the exporter
 * @returns {number} the exit code
 */
function verdict(requests, lines, lastError) {
  const problems = lines.filter(({ level }) => level === 'warn' || level === 'error');
  const failed = failedRequests(requests ?? []);
  const missing = requests ? missingSignals(requests) : [];
  let reason;
  if (requests?.length === 0) reason = 'nothing arrived at the collector';
  else if (failed.length > 0) reason = `${failed.length} of ${requests.length} requests failed`;
  else if (missing.length > 0) reason = `no ${missing.join(', ')} arrived at the collector`;
  else if (problems.length > 0) reason = 'the exporter reported a problem';
  else if (!requests && !sentSomething(lines)) reason = 'nothing was sent';
  if (reason === undefined) return 0;

  console.error(`\nThe demo failed: ${reason}.`);
  if (requests) for (const line of problems) console.error(logLine(line));
  if (lastError) console.error(`The last error, from ${lastError.endpoint}: ${oneLine(lastError.cause)}\nWhat to try: ${advice(lastError.cause)}`);
  return 1;
}

/** @param {string} cause  of a failed request @returns {string} */
function advice(cause) {
  if (/status: 40[13]\b/.test(cause)) return 'give the token of this collector with --token.';
  if (/\(Connect\)/.test(cause)) return 'check the address and that a collector listens there; `npm run collector` starts one.';
  return '"Causes of a failed upload" in docs/troubleshooting.md explains each cause.';
}

process.exitCode = await main();
