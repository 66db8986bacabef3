// A platform delivers: the packed packages in an application that runs on that platform's Node, to a collector of this
// process. `npm run test:platforms` runs it for every platform whose Node runs here, the release workflow on the
// platform itself. In the environment: PLATFORM, like `linux-x64-musl`; APPLICATION, a directory with the packages
// installed; NODE, a command as a JSON array, this process's own by default.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { makeCertificates } from '../support/certificates.mjs';
import { startServer } from './server.mjs';

const { PLATFORM, APPLICATION, NODE = JSON.stringify([process.execPath]) } = process.env;
if (!PLATFORM || !APPLICATION) throw new Error('PLATFORM and APPLICATION have to be set; see npm run test:platforms');
const [PROGRAM, ...NODE_ARGS] = JSON.parse(NODE);
/** Only so that a process that hangs does not hold the suite. */
const KILL_AFTER_MS = 300_000;
const NAME = 'application.mjs';
const { version: VERSION } = JSON.parse(readFileSync(join(APPLICATION, 'node_modules', 'mastra-native-exporter', 'package.json'), 'utf8'));
const SPANS = ['s0', 's1', 's2'];
/** The exporter's lines about what went wrong, as far as a case does not expect them. */
const TROUBLE = /lost|drop|fail|error/i;

/** Exports nothing, and delivers what is in the spool. */
const RECOVER = { SPANS: '0', LEFT: `${SPANS.length}`, END: 'recovered' };

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {Record<string, string>} [env]  of application.mjs
 * @property {NodeJS.Signals} [signal]  sent when it is ready
 * @property {[number | null, string | null]} [end]  exit code and signal; 0 by default
 * @property {RegExp} [says]  on either stream; nothing of TROUBLE by default
 * @property {string[]} [spans]  that arrive, each once; what application.mjs exports by default
 * @property {number[]} [answers]  status of the first requests; 200 from then on
 * @property {boolean} [tls]  with a certificate of a private authority
 * @property {(requests: import('./server.mjs').Request[]) => void} [check]
 * @property {Pick<Case, 'env' | 'signal' | 'end' | 'says'>} [earlier]  a process before, while the collector is down,
 *   with the same spool
 */

/** @type {Case[]} */
const CASES = [
  { name: 'import, flush', env: { END: 'flush' } },
  { name: 'require, flush', env: { END: 'flush', LOAD: 'require' } },
  { name: 'the script ends' },
  { name: 'process.exit(3)', env: { END: 'exit' }, end: [3, null] },
  { name: 'an uncaught exception', env: { END: 'throw' }, end: [1, null], says: /Error: on purpose/ },
  { name: 'SIGTERM', env: { END: 'signal' }, signal: 'SIGTERM', end: [null, 'SIGTERM'] },
  { name: 'SIGINT', env: { END: 'signal' }, signal: 'SIGINT', end: [null, 'SIGINT'] },
  {
    name: 'gzip',
    env: { OPTIONS: JSON.stringify({ compression: 'gzip' }) },
    check: (requests) => assert.deepEqual(requests.map(({ headers }) => headers['content-encoding']), ['gzip']),
  },
  { name: 'TLS with a private authority', tls: true },
  {
    name: 'two answers of 503 first',
    env: { END: 'flush' },
    answers: [503, 503],
    says: /cannot deliver to \S+\/ai\/spans\/publish: status 503 Service Unavailable\. Waiting: 3 records,/,
    check: (requests) => assert.deepEqual(requests.map(({ status }) => status), [503, 503, 200]),
  },
  { name: 'worker threads, each the last one of the addon', env: { END: 'workers' }, spans: ['w0-', 'w1-', 'w2-'].flatMap((prefix) => [0, 1, 2].map((i) => `${prefix}${i}`)) },
  {
    name: 'SIGKILL with a spool, and the next process',
    earlier: { env: { END: 'spooled' }, signal: 'SIGKILL', end: [null, 'SIGKILL'] },
    env: RECOVER,
  },
  {
    name: 'the script ends with a spool while the collector is down, and the next process',
    earlier: { says: /kept 3 records in its spool/ },
    env: RECOVER,
  },
];

describe(PLATFORM, () => {
  let certificates;
  before(() => {
    certificates = makeCertificates();
    copyFileSync(fileURLToPath(new URL(NAME, import.meta.url)), join(APPLICATION, NAME));
  });
  after(() => certificates.remove());

  for (const { name, spans = SPANS, answers = [], tls = false, check, earlier, ...last } of CASES) {
    // A signal ends a Windows process at once, without its handlers.
    const skip = last.signal !== undefined && PLATFORM.startsWith('win32') && 'Windows has no signals between processes';
    test(name, { skip }, async () => {
      const server = await startServer({ answers, certificates: tls ? certificates : undefined });
      const spool = earlier && mkdtempSync(join(tmpdir(), 'spool-'));
      try {
        const common = {
          URL: server.url,
          ...(tls ? { NODE_EXTRA_CA_CERTS: certificates.caPath } : {}),
          ...(spool ? { MASTRA_NATIVE_SPOOL_DIRECTORY: spool } : {}),
        };
        if (earlier) {
          server.state.isDown = true;
          await runAsExpected(earlier, common);
          server.state.isDown = false;
        }
        const result = await runAsExpected(last, common);
        const arrived = server.requests.filter(({ status }) => status === 200)
          .flatMap(({ headers, body }) => JSON.parse(headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).spans);
        assert.deepEqual(arrived.map(({ id }) => id).sort(), [...spans].sort(), result.stdout + result.stderr);
        assert.deepEqual([...new Set(arrived.map((span) => span.name))], ['Zürich ☀️']);
        assert.deepEqual([...new Set(server.requests.map(({ headers }) => headers['user-agent']))], [`mastra-native-exporter/${VERSION}`]);
        check?.(server.requests);
      } finally {
        await server.close();
        if (spool) rmSync(spool, { recursive: true, force: true });
      }
    });
  }
});

/** Runs the application, which has to end and say as expected, and to have the binary of its platform. */
async function runAsExpected({ env, signal, end = [0, null], says }, common) {
  const result = await runApplication({ ...common, ...env }, signal);
  assert.deepEqual([result.code, result.signal], end, result.stdout + result.stderr);
  if (says) assert.match(result.stdout + result.stderr, says);
  else assert.doesNotMatch(result.stderr, TROUBLE);
  const expected = `mastra-native-exporter.${PLATFORM}.node`;
  if (env?.END !== 'workers') assert.ok(result.stdout.split(/\r?\n/)[0].endsWith(expected), `${result.stdout} does not name ${expected}`);
  return result;
}

/** Runs the application to its end. The environment is the given one: certificates and tokens of this machine stay out. */
function runApplication(env, signal) {
  const inherited = process.platform === 'win32' ? process.env : { PATH: process.env.PATH };
  const child = spawn(PROGRAM, [...NODE_ARGS, NAME], {
    cwd: APPLICATION,
    env: { ...inherited, MASTRA_NATIVE_EXPORTER: 'require', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: KILL_AFTER_MS,
    killSignal: 'SIGKILL',
  });
  const output = { stdout: '', stderr: '' };
  let sent = false;
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (text) => {
      output[stream] += text;
      if (sent || !signal || !/^ready$/m.test(output.stdout)) return;
      sent = true;
      child.kill(signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, endedBy) => resolve({ code, signal: endedBy, ...output }));
  });
}
