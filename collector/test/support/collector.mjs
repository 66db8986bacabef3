// The collector as its users start it: in a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../bin/collector.mjs', import.meta.url));

export const TOKEN = 'token-of-the-tests';

/** Collectors that have not ended. */
const running = new Set();

/** Ends what a test has left behind that failed before it stopped its collector: the test would not end otherwise. */
export function killLeftovers() {
  for (const child of running) child.kill('SIGKILL');
}

/**
 * Runs the command line to its end.
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 * @returns {Promise<{ code: number | null, stdout: string, stderr: string }>}
 */
export async function runCollector(args, env) {
  const { child, output } = start(args, env);
  const [code] = await once(child, 'close');
  return { code, ...output };
}

/**
 * Starts a collector on a free port and waits until it says where it is.
 * @param {string[]} args
 * @param {Record<string, string>} [env]  by default with `TOKEN`
 * @param {string} [cwd]  its directory, by default the one of this process
 */
export async function startCollector(args, env = { MASTRA_CLOUD_ACCESS_TOKEN: TOKEN }, cwd) {
  const { child, output } = start(['--port', '0', ...args], env, cwd);
  const closed = once(child, 'close');
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', () => {
      const found = /^Mastra Studio +(http:\S+)\/traces$/m.exec(output.stdout)?.[1];
      if (found && output.stdout.includes('In the app')) resolve(found);
    });
    child.once('close', () => reject(new Error(`the collector did not start: ${output.stderr}`)));
  });

  /** @param {string} path @param {RequestInit} [init] */
  const request = (path, init) => fetch(url + path, init);

  return {
    url,
    pid: child.pid,
    output,
    request,

    /** Publishes records as an exporter does. @param {string} signal @param {unknown[]} records @param {string} [project] */
    async publish(signal, records, project) {
      const path = `${project ? `/projects/${project}` : ''}/ai/${signal}/publish`;
      const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
      const response = await request(path, { method: 'POST', headers, body: JSON.stringify({ [signal]: records }) });
      return { status: response.status, ...(await response.json()) };
    },

    /** The answer of the API that Studio uses. @param {string} path  below /api/observability @param {unknown} [body] */
    async api(path, body) {
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
      const response = await request(`/api/observability${path}`, init);
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return response.json();
    },

    /** Resolves when a line of the log says it. @param {RegExp} pattern @returns {Promise<void>} */
    logged(pattern) {
      return new Promise(resolve => {
        const look = () => { if (pattern.test(output.stderr)) resolve(); };
        child.stderr.on('data', look);
        look();
      });
    },

    /** @param {NodeJS.Signals} [signal] @returns {Promise<number | null>} the exit code */
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const [code] = await closed;
      return code;
    },
  };
}

/** @param {string[]} args @param {Record<string, string>} [env] @param {string} [cwd] */
function start(args, env, cwd) {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', text => { output.stdout += text; });
  child.stderr.setEncoding('utf8').on('data', text => { output.stderr += text; });
  return { child, output };
}
