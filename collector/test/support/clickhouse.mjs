// ClickHouse's engine, not its server: ../clickhouse/server.mjs in a process and a directory that are gone afterwards.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { createClient } from '@clickhouse/client';

const PLACE = fileURLToPath(new URL('../clickhouse', import.meta.url));

/** @returns {string | false} why there is no ClickHouse, as a reason to skip */
export function clickhouseIsMissing() {
  return existsSync(join(PLACE, 'node_modules', 'chdb'))
    ? false : "ClickHouse's engine is not installed (178 MB: npm ci --prefix collector/test/clickhouse)";
}

/** @returns {Promise<{ create: () => Promise<string>, directory: string, stop: () => Promise<void> }>} `create` makes a database */
export async function startClickHouse() {
  const directory = mkdtempSync(join(tmpdir(), 'clickhouse-'));
  const engine = spawn(process.execPath, [join(PLACE, 'server.mjs'), directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(engine.stdout.setEncoding('utf8'), 'data');
  const url = line.trim();
  let databases = 0;
  return {
    directory,
    async create() {
      const name = `traces${databases++}`;
      await clickhouseRows(`${url}/default`, `CREATE DATABASE ${name}`);
      return `${url}/${name}`;
    },
    async stop() {
      engine.kill();
      await once(engine, 'exit');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** @param {string} url @param {string} sql @returns {Promise<any[]>} the rows, without `final` */
export async function clickhouseRows(url, sql) {
  const { host, pathname } = new URL(url);
  const client = createClient({ url: `http://${host}`, database: pathname.slice(1) });
  try {
    if (!/^\s*(SELECT|WITH)/i.test(sql)) return void (await client.command({ query: sql })) ?? [];
    return await (await client.query({ query: sql, format: 'JSONEachRow' })).json();
  } finally {
    await client.close();
  }
}
