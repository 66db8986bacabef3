// ClickHouse's engine, not its server: chdb behind as much of the HTTP interface as @clickhouse/client uses, one statement
// after the other. A process of its own, so that a collector shares neither CPU time nor memory with it.
//   node server.mjs DIRECTORY      prints its address
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

import { Session } from 'chdb';

const session = new Session(process.argv[2]);

/** Parameters of the URL that are not settings. */
const NOT_SETTINGS = new Set(['query', 'query_id', 'database', 'session_id', 'default_format', 'enable_http_compression', 'role']);
/** The settings of earlier requests. @type {Set<string>} */
const set = new Set();
let last = Promise.resolve();

/** @param {string} value */
const quoted = value => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** The settings and parameters of this request, and the defaults for those of the ones before. @param {URLSearchParams} search */
async function configure(search) {
  const wanted = [...search].filter(([name]) => !NOT_SETTINGS.has(name));
  const gone = [...set].filter(name => !search.has(name));
  for (const name of gone) await session.queryAsync(`SET ${name} = DEFAULT`);
  set.clear();
  if (wanted.length > 0) await session.queryAsync(`SET ${wanted.map(([name, value]) => `${name} = ${quoted(value)}`).join(', ')}`);
  for (const [name] of wanted) if (!name.startsWith('param_')) set.add(name);
  await session.queryAsync(`USE ${search.get('database') ?? 'default'}`);
}

/** @param {URLSearchParams} search @param {string} body @returns {Promise<Uint8Array>} */
async function answer(search, body) {
  await configure(search);
  const statement = search.get('query');
  const insert = /^\s*INSERT INTO (\S+)(?: \((.*)\))? FORMAT (\w+)\s*$/i.exec(statement ?? '');
  if (insert) {
    const [, table, columns, format] = insert;
    const values = Buffer.from(body);
    if (values.length > 0) await session.insert({ table, format, values, ...(columns && { columns: columns.split(', ') }) });
    return new Uint8Array();
  }
  const query = [statement, body].filter(Boolean).join('\n');
  // chdb keeps what the format is out of the statement.
  const [, sql = query, format = 'TabSeparated'] = /^(.*)\sFORMAT\s+(\w+)\s*;?\s*$/is.exec(query) ?? [];
  return (await session.queryAsync(sql, { format })).bytes();
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
  if (pathname === '/ping') return void response.end('Ok.\n');
  const body = await text(request);
  const turn = last.then(() => answer(searchParams, body));
  last = turn.then(() => {}, () => {});
  try {
    const bytes = await turn;
    response.end(bytes);
  } catch (error) {
    const message = String(/** @type {Error} */ (error).message);
    response.writeHead(500, { 'x-clickhouse-exception-code': /^Code: (\d+)/.exec(message)?.[1] ?? '1' });
    response.end(message);
  }
});
server.listen(0, '127.0.0.1', () => console.log(`clickhouse://127.0.0.1:${/** @type {any} */ (server.address()).port}`));
process.on('SIGTERM', () => {
  server.closeAllConnections();
  session.close();
  process.exit();
});
