// A Postgres server of this machine's package, on a free port, in a directory that is gone afterwards.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import pg from 'pg';

const VERSIONS = '/usr/lib/postgresql';

/** @returns {string | undefined} the newest installed server's programs */
function programs() {
  try {
    const newest = readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a))[0];
    return newest && join(VERSIONS, newest, 'bin');
  } catch {
    return undefined;
  }
}

/** @returns {string | false} why there is no Postgres, as a reason to skip */
export function postgresIsMissing() {
  return programs() ? false : `Postgres is not installed (Debian's package postgresql, looked for in ${VERSIONS})`;
}

/** @returns {Promise<{ url: string, directory: string, create: () => Promise<string>, stop: () => Promise<void> }>} `create` makes a database */
export async function startPostgres() {
  const bin = /** @type {string} */ (programs());
  const directory = mkdtempSync(join(tmpdir(), 'postgres-'));
  const user = unprivileged();
  if (user) chownSync(directory, user.uid, user.gid);
  const data = join(directory, 'data');
  execFileSync(join(bin, 'initdb'), ['--auth=trust', '--username=collector', '--no-sync', '-D', data], { ...user, cwd: directory });
  const port = await freePort();
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', directory, '-c', 'fsync=off'],
    { ...user, cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  await ready(server);
  const url = `postgres://collector@127.0.0.1:${port}`;
  let databases = 0;
  return {
    url,
    directory,
    async create() {
      const name = `traces${databases++}`;
      await query(`${url}/postgres`, `CREATE DATABASE ${name}`);
      return `${url}/${name}`;
    },
    async stop() {
      server.kill('SIGINT');
      await once(server, 'exit');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** @param {string} url @param {string} sql @returns {Promise<any[]>} the rows */
export async function query(url, sql) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/**
 * Makes the tables of a day in the past. Mastra makes those from yesterday on; an older one is left from when it was.
 * @param {string} url  of a database with Mastra's tables
 * @param {number} daysAgo
 */
export async function createDayTables(url, daysAgo) {
  const day = offset => new Date(Date.now() - (daysAgo - offset) * 86_400_000).toISOString().slice(0, 10);
  for (const signal of ['span', 'log', 'metric', 'score', 'feedback']) {
    const table = `mastra_${signal}_events`;
    await query(url, `CREATE TABLE ${table}_p${day(0).replaceAll('-', '')} PARTITION OF ${table}
      FOR VALUES FROM ('${day(0)} 00:00:00+00') TO ('${day(1)} 00:00:00+00')`);
  }
}

/** Postgres does not run as root; its package comes with a user. */
function unprivileged() {
  if (process.getuid?.() !== 0) return undefined;
  const id = flag => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** @returns {Promise<number>} */
async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
  probe.close();
  await once(probe, 'close');
  return port;
}

/** @param {import('node:child_process').ChildProcess} server  resolves when it accepts connections */
async function ready(server) {
  const lines = [];
  const reader = createInterface({ input: server.stderr });
  for await (const line of reader) {
    lines.push(line);
    // Closing the reader would break the pipe; from now on what it says is not kept.
    if (line.includes('ready to accept connections')) return void server.stderr.resume();
  }
  throw new Error(`Postgres did not start:\n${lines.join('\n')}`);
}
