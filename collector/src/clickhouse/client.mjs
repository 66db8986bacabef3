import { ClickHouseLogLevel, createClient } from '@clickhouse/client';

/**
 * A client of a ClickHouse server, for Mastra's store and for what is added to it.
 * @param {string} url  `clickhouse://` or `clickhouses://`, with credentials
 * @returns {import('@clickhouse/client').ClickHouseClient}
 */
export function connectClickHouse(url) {
  const { protocol, host, pathname, username, password } = new URL(url);
  return createClient({
    url: `${protocol === 'clickhouses:' ? 'https' : 'http'}://${host}`,
    username: decodeURIComponent(username) || 'default',
    password: decodeURIComponent(password),
    ...(pathname.length > 1 && { database: decodeURIComponent(pathname.slice(1)) }),
    // Mastra finds out whether the server has Keeper by a query that fails without it. Each failure is also logged as
    // an error.
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: {
      // Mastra's own.
      date_time_input_format: 'best_effort',
      date_time_output_format: 'iso',
      use_client_time_zone: 1,
      output_format_json_quote_64bit_integers: 0,
      // A record that was sent twice is there twice until the server merges its tables. Reads return only the last one.
      final: 1,
      // Each day has a partition of its own, and by default a batch that touches more than 100 is refused.
      max_partitions_per_insert_block: '0',
    },
  });
}
