import { HELP, OptionError, parseOptions } from './options.mjs';
import { startCollector } from './server.mjs';

/**
 * The command line.
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
export async function run(args, env) {
  try {
    const options = parseOptions(args, env);
    if (options === undefined) console.log(HELP);
    else await serve(options);
  } catch (error) {
    console.error(/** @type {Error} */ (error).message);
    process.exitCode = error instanceof OptionError ? 2 : 1;
  }
}

/** @param {import('./options.mjs').Options} options */
async function serve(options) {
  const collector = await startCollector(options, line => console.error(`${new Date().toISOString()}  ${line}`));
  console.log(greeting(options, collector));
  /** @type {Promise<void> | undefined} */
  let stopped;
  /** @param {NodeJS.Signals} signal  may come twice: a terminal sends it, and so does npm */
  const stop = signal => {
    if (!stopped) console.log(`${signal}: storing what has arrived`);
    stopped ??= collector.close();
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
}

/**
 * @param {import('./options.mjs').Options} options
 * @param {{ url: string, storeName: string }} collector
 * @returns {string} the only place where a generated token is printed
 */
function greeting({ token, generatedToken }, { url, storeName }) {
  const accessToken = generatedToken ? `'${token}'` : 'process.env.MASTRA_CLOUD_ACCESS_TOKEN';
  return [
    `Mastra Studio  ${url}/traces`,
    `Kept in        ${storeName}`,
    `In the app     new CloudExporter({ endpoint: '${url}', accessToken: ${accessToken} })`,
    ...(generatedToken ? ['               (the token is made anew at each start; --token or MASTRA_CLOUD_ACCESS_TOKEN keep one)'] : []),
  ].join('\n');
}
