import { parseArgs } from 'node:util';

/**
 * @typedef {object} Options
 * @property {string} store  `file:PATH` (DuckDB) or the URL of a Postgres or ClickHouse server
 * @property {string[]} tokens  any of them lets an exporter publish; empty if none was given
 * @property {string | undefined} tokenFile  where a generated token is kept; undefined if the data is not kept either
 * @property {string | undefined} studioToken  opens Studio; undefined, on loopback only, leaves Studio open
 * @property {string} host  the address to listen on; default 127.0.0.1
 * @property {number} port  default 4112; 0 takes a free one
 * @property {number | undefined} retentionMs  age in milliseconds after which data is deleted; undefined keeps it
 */

export const HELP = `Usage: mastra-native-exporter-collector [options]

Accepts what CloudExporter and MastraPlatformExporter publish, and shows it in Mastra Studio on the same port.

  --data PATH      DuckDB file to keep the data in (default mastra-traces.duckdb; :memory: keeps it in memory)
  --store URL      keep it in a database server instead:
                   postgres://USER:PASSWORD@HOST:PORT/DATABASE
                   clickhouse://USER:PASSWORD@HOST:PORT/DATABASE, or clickhouses:// with TLS
  --token TOKEN    bearer token that exporters have to send (default MASTRA_CLOUD_ACCESS_TOKEN and
                   MASTRA_PLATFORM_ACCESS_TOKEN, else one is generated and kept in a file beside the data).
                   It publishes and does nothing else
  --studio-token TOKEN
                   password of Studio, with which traces are read and deleted (default MASTRA_COLLECTOR_STUDIO_TOKEN;
                   without one Studio is open to the users of this machine)
  --host ADDRESS   address to listen on (default 127.0.0.1). Beyond loopback both tokens have to be given
  --port NUMBER    port to listen on, 0 for any free one (default 4112)
  --retention AGE  delete data older than this: a whole number with h, d or w, as in 7d (default: keep everything)
  --help           print this
`;

/** Bad input of the command line; its message says what is wrong with which option, and what is allowed. */
export class OptionError extends Error {}

const STORE = /** @type {const} */ (['postgres:', 'postgresql:', 'clickhouse:', 'clickhouses:']);
const HOUR_MS = 3_600_000;
const UNIT_MS = { h: HOUR_MS, d: 24 * HOUR_MS, w: 7 * 24 * HOUR_MS };

/**
 * @param {string[]} args  without node and script
 * @param {NodeJS.ProcessEnv} env
 * @returns {Options | undefined} undefined if help is asked for
 * @throws {OptionError}
 */
export function parseOptions(args, env) {
  const given = parse(args);
  if (given.help) return undefined;
  if (given.data !== undefined && given.store !== undefined) {
    throw new OptionError('--data and --store exclude each other: the data is kept in one place');
  }
  const host = given.host ?? '127.0.0.1';
  const tokens = publishTokens(given.token, env);
  const studioToken = given['studio-token'] ?? (env['MASTRA_COLLECTOR_STUDIO_TOKEN'] || undefined);
  if (!isLoopback(host)) checkReachable(host, tokens, studioToken);
  if (studioToken !== undefined && tokens.includes(studioToken)) {
    throw new OptionError('--studio-token equals the token of the exporters: who publishes must not be able to delete');
  }
  const data = dataPath(given.data);
  return {
    store: given.store === undefined ? `file:${data}` : storeUrl(given.store),
    tokens: tokens.map(token => checkedToken('--token', token)),
    tokenFile: tokenFile(given.store, data),
    studioToken: studioToken === undefined ? undefined : checkedToken('--studio-token', studioToken),
    host,
    port: given.port === undefined ? 4112 : port(given.port),
    retentionMs: given.retention === undefined ? undefined : age(given.retention),
  };
}

/** @param {string | undefined} store @param {string} data */
function tokenFile(store, data) {
  if (store !== undefined) return 'mastra-collector.token';
  return data === ':memory:' ? undefined : `${data}.token`;
}

/** @param {string | undefined} given  @param {NodeJS.ProcessEnv} env @returns {string[]} */
function publishTokens(given, env) {
  if (given !== undefined) return [given];
  const tokens = [env['MASTRA_CLOUD_ACCESS_TOKEN'], env['MASTRA_PLATFORM_ACCESS_TOKEN']];
  return [...new Set(tokens.filter(token => token !== undefined).filter(token => token !== ''))];
}

/** @param {string} host @param {string[]} tokens @param {string | undefined} studioToken */
function checkReachable(host, tokens, studioToken) {
  const missing = [
    ...(tokens.length === 0 ? ['--token (or MASTRA_CLOUD_ACCESS_TOKEN)'] : []),
    ...(studioToken === undefined ? ['--studio-token (or MASTRA_COLLECTOR_STUDIO_TOKEN)'] : []),
  ];
  if (missing.length === 0) return;
  throw new OptionError(
    `--host ${host} can be reached by other machines: give ${missing.join(' and ')}; ` +
      'without them only 127.0.0.1, ::1 and localhost are allowed',
  );
}

/** @param {string} host  a name or address, with or without the brackets of IPv6 @returns {boolean} */
export function isLoopback(host) {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
}

/** @param {string[]} args */
function parse(args) {
  const string = /** @type {const} */ ({ type: 'string' });
  const options = { data: string, store: string, token: string, 'studio-token': string, host: string, port: string };
  try {
    return parseArgs({ args, options: { ...options, retention: string, help: { type: 'boolean' } } }).values;
  } catch (error) {
    throw new OptionError(`${/** @type {Error} */ (error).message}\n\n${HELP}`);
  }
}

/** @param {string | undefined} value */
function dataPath(value = 'mastra-traces.duckdb') {
  if (value === '') throw new OptionError('--data is empty: a path of a file is needed');
  return value;
}

/** @param {string} value */
function storeUrl(value) {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !STORE.some(protocol => protocol === url.protocol) || url.hostname === '') {
    // The value may hold a password, so no more of it than its protocol is shown.
    throw new OptionError(
      `--store ${url?.protocol ?? '(not a URL)'} is not supported: postgres://, clickhouse:// or clickhouses:// ` +
        'with a host is',
    );
  }
  return value;
}

/** @param {string} option @param {string} value */
function checkedToken(option, value) {
  // A header can carry these characters. The message does not show the token.
  if (!/^[\x21-\x7e]+$/.test(value)) throw new OptionError(`${option}: only visible ASCII characters are allowed`);
  return value;
}

/** @param {string} value */
function port(value) {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 65_535) throw new OptionError(`--port ${value}: 0 to 65535 is allowed`);
  return number;
}

/** @param {string} value */
function age(value) {
  const [, number, unit] = /^([1-9]\d{0,4})([hdw])$/.exec(value) ?? [];
  if (number === undefined) {
    throw new OptionError(`--retention ${value}: a whole number from 1 to 99999 with h, d or w is allowed, as in 7d`);
  }
  return Number(number) * UNIT_MS[/** @type {keyof typeof UNIT_MS} */ (unit)];
}
