import { chmod, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

import { explained } from './failure.mjs';
import { HELP, OptionError, parseOptions } from './options.mjs';
import { startCollector } from './server.mjs';

/**
 * The command line.
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
export async function run(args, env) {
  let options;
  try {
    options = parseOptions(args, env);
    if (options === undefined) return console.log(HELP);
    await serve(options);
  } catch (error) {
    console.error(options === undefined ? /** @type {Error} */ (error).message : explained(error, options));
    process.exitCode = error instanceof OptionError ? 2 : 1;
  }
}

/** @param {import('./options.mjs').Options} options */
async function serve(options) {
  // Only the user of this process may read what is stored, whatever file a store makes.
  process.umask(0o077);
  await prepareFile(options.store);
  const collector = await startCollector(options, line => console.error(`${new Date().toISOString()}  ${line}`));
  /** @type {Promise<void> | undefined} */
  let stopped;
  /** @param {NodeJS.Signals} signal  may come twice: a terminal sends it, and so does npm */
  const stop = signal => {
    if (!stopped) console.log(`${signal}: storing what has arrived`);
    stopped ??= collector.close();
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  if (process.env['npm_command'] !== undefined) whenOrphaned(() => stop('SIGTERM'));
  // This comes last, because a program that waits for this line may end the process at once.
  console.log(greeting(options, collector));
}

/**
 * npm and npx pass a signal to the shell that they start, and the shell ends without passing it on.
 * @param {() => void} callback
 */
function whenOrphaned(callback) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, 200).unref();
}

/** Makes the directory of a data file; an existing file of an older collector was readable by others. @param {string} store */
async function prepareFile(store) {
  if (!store.startsWith('file:') || store === 'file::memory:') return;
  const path = store.slice('file:'.length);
  await mkdir(dirname(path), { recursive: true });
  for (const file of [path, `${path}.wal`]) {
    await chmod(file, 0o600).catch(error => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}

/**
 * @param {import('./options.mjs').Options} options
 * @param {Awaited<ReturnType<typeof startCollector>>} collector
 * @returns {string} the only place where a token is printed, at the start that made it
 */
function greeting({ tokenFile, studioToken }, { url, storeName, made }) {
  const accessToken = made?.isNew ? `'${made.token}'` : `process.env.MASTRA_PLATFORM_ACCESS_TOKEN`;
  return [
    `Mastra Studio  ${url}/traces`,
    ...(studioToken === undefined ? [] : ['               its password is the Studio token, the user name does not matter']),
    `Kept in        ${storeName}`,
    `In the app     new MastraPlatformExporter({ endpoint: '${url}', accessToken: ${accessToken} })`,
    ...(made === undefined ? [] : [`               (${tokenNote(tokenFile, made.isNew)})`]),
  ].join('\n');
}

/** @param {string | undefined} file @param {boolean} isNew */
function tokenNote(file, isNew) {
  if (file === undefined) return 'the token is made anew at each start, as the data is; --token or MASTRA_CLOUD_ACCESS_TOKEN keep one';
  return isNew ? `the token is kept in ${file}` : `the token is the one in ${file}`;
}
