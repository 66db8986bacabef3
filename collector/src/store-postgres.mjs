import { ObservabilityStoragePostgresVNext } from '@mastra/pg';
import pg from 'pg';

import { rootCause } from './store-error.mjs';

/**
 * A Postgres server.
 * @param {string} url
 * @returns {import('./store.mjs').Store}
 */
export function openPostgres(url) {
  const pool = new pg.Pool({ connectionString: url, connectionTimeoutMillis: 10_000 });
  // Without a listener a connection that breaks while it is idle would end the process. The next query gets another.
  pool.on('error', () => {});
  const { host, pathname } = new URL(url);
  return {
    name: `Postgres ${host}${pathname}`,
    observability: new ObservabilityStoragePostgresVNext({ pool }),
    writers: 4,
    // The SQLSTATE classes of data exceptions and of violated constraints, among them "no partition for this day".
    isAboutData: error => /^2[23]/.test(rootCause(error).code),
    close: () => pool.end(),
  };
}
