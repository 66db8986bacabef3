import { connectClickHouse } from './clickhouse/client.mjs';
import { ClickHouseObservability } from './clickhouse/observability.mjs';
import { rootCause } from './store-error.mjs';

const DAY_MS = 86_400_000;

/**
 * A ClickHouse server, by its HTTP interface.
 * @param {string} url
 * @param {number | undefined} retentionMs  the server deletes by itself, in whole days
 * @returns {import('./store.mjs').Store}
 */
export function openClickHouse(url, retentionMs) {
  const { host, pathname } = new URL(url);
  const client = connectClickHouse(url);
  return {
    name: `ClickHouse ${host}${pathname}`,
    observability: new ClickHouseObservability(client, retentionMs === undefined ? undefined : Math.ceil(retentionMs / DAY_MS)),
    writers: 4,
    isAboutData: error => /^(CANNOT_PARSE|INCORRECT_DATA|TYPE_MISMATCH)/.test(rootCause(error).type),
    close: () => client.close(),
  };
}
