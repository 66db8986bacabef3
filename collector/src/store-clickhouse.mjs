import { ObservabilityStorageClickhouseVNext } from '@mastra/clickhouse';

import { rootCause } from './store-error.mjs';

const DAY_MS = 86_400_000;

/**
 * A ClickHouse server, by its HTTP interface.
 * @param {string} url
 * @param {number | undefined} retentionMs  the server deletes by itself, in whole days
 * @returns {import('./store.mjs').Store}
 */
export function openClickHouse(url, retentionMs) {
  const { protocol, host, pathname, username, password } = new URL(url);
  const days = retentionMs === undefined ? undefined : Math.ceil(retentionMs / DAY_MS);
  return {
    name: `ClickHouse ${host}${pathname}`,
    observability: new ObservabilityStorageClickhouseVNext({
      url: `${protocol === 'clickhouses:' ? 'https' : 'http'}://${host}${pathname}`,
      username: decodeURIComponent(username) || 'default',
      password: decodeURIComponent(password),
      ...(days && { retention: { tracing: days, logs: days, metrics: days, scores: days, feedback: days } }),
    }),
    writers: 4,
    isAboutData: error => /^(CANNOT_PARSE|INCORRECT_DATA|TYPE_MISMATCH)/.test(rootCause(error).type),
    // Mastra's client has no way to be closed; its idle connections do not keep the process alive for long.
    close: async () => {},
  };
}
