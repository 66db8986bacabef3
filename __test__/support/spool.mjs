// A spool directory of a test, the processes that use it, and a collector that is down until it is told otherwise.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCollector } from '../../examples/demo/collector.mjs';
import { startFixture } from './process.mjs';

/** About the bytes of a `bigSpan` in a file. A fixture waits for this many bytes for each span before it says that it is ready. */
const SPAN_BYTES = 2160;

/** Starts both; `await using` or `close()` ends them. `mode`: the collector's answer: `hang`, a status, or `ok`. */
export async function startSpool({ directory = mkdtempSync(join(tmpdir(), 'spool-')), mode = 'hang' } = {}) {
  const state = { mode };
  const answers = { hang: () => 'hang', ok: () => ({}) };
  const collector = await startCollector({ answer: () => (answers[state.mode] ?? (() => ({ status: state.mode })))() });
  const children = [];
  return {
    directory,
    collector,
    state,
    /** Starts a process that exports COUNT spans. `written`: the process goes on when this number of spans is in files. */
    start({ count = 0, prefix = 's', end = 'stay', written = count, options = {}, env = {}, ...start }) {
      const child = startFixture('spool.mjs', {
        URL: collector.url, DIR: directory, COUNT: `${count}`, PREFIX: prefix, END: end,
        BYTES: `${written * SPAN_BYTES}`, OPTIONS: JSON.stringify(options), ...env,
      }, start);
      children.push(child);
      return child;
    },
    /** Resolves when this number of different spans has arrived in requests that were answered 2xx. */
    async arrived(count) {
      await collector.waitFor(() => new Set(collector.records('spans').map(({ spanId }) => spanId)).size >= count);
      return collector.records('spans').map(({ spanId }) => spanId);
    },
    /** Every file of the spool, by path. */
    files: () => existsSync(directory)
      ? readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, path, name }) => join(parentPath ?? path, name))
      : [],
    content: (path) => readFileSync(path, 'latin1'),
    async close() {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map(({ ended }) => ended));
      await collector.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
