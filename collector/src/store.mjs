import { openClickHouse } from './store-clickhouse.mjs';
import { openDuckDB } from './store-duckdb.mjs';
import { rootCause } from './store-error.mjs';
import { openPostgres } from './store-postgres.mjs';

/**
 * @typedef {object} Store  one of Mastra's stores, opened
 * @property {string} name  for people, without credentials
 * @property {import('@mastra/core/storage').ObservabilityStorage} observability
 * @property {number} writers  how many batches may be stored at a time
 * @property {(error: unknown) => boolean} isAboutData  whether it refused what a record holds, rather than to work at all
 * @property {(names: Map<string, string>) => Promise<void>} [nameTraces]  gives spans of these traces that have no
 *   service the name of theirs; only looks at those of the last day
 * @property {() => Promise<void>} close
 */

/**
 * Opens the store of a URL and makes its tables.
 * @param {string} url  `file:PATH`, `postgres://`, `clickhouse://` or `clickhouses://`
 * @param {number | undefined} retentionMs
 * @returns {Promise<Store>}
 */
export async function openStore(url, retentionMs) {
  const store = storeOf(url, retentionMs);
  try {
    await store.observability.init();
  } catch (error) {
    await store.close();
    throw new Error(`${store.name} cannot be opened: ${rootCause(error).message}`, { cause: error });
  }
  return store;
}

/** @param {string} url @param {number | undefined} retentionMs */
function storeOf(url, retentionMs) {
  if (url.startsWith('file:')) return openDuckDB(url.slice('file:'.length));
  if (/^postgres(ql)?:/.test(url)) return openPostgres(url);
  return openClickHouse(url, retentionMs);
}
