// Configurations and their results, for both exporters, because their rules differ only in details.
import assert from 'node:assert/strict';
import { MastraError } from '@mastra/core/error';
import { withEnv } from './env.mjs';
import { sendAll } from './events.mjs';
import { comparableCalls, describeError, recordingLogger, withoutTokenWarning } from './logger.mjs';
import { startServer } from './server.mjs';

const TOKEN = 'MASTRA_CLOUD_ACCESS_TOKEN';
const PROJECT = 'MASTRA_PROJECT_ID';
const TRACES = 'MASTRA_CLOUD_TRACES_ENDPOINT';

// [name, options, environment], both from the server's url. Without `options.accessToken` the
// exporter gets one; 'endpoint' is the server's unless the case says otherwise.
export const CONFIG_CASES = [
  ['endpoint', (url) => [{ endpoint: url }]],
  ['endpoint with a slash', (url) => [{ endpoint: `${url}/` }]],
  ['endpoint with many slashes', (url) => [{ endpoint: `${url}////` }]],
  ['endpoint with spaces around', (url) => [{ endpoint: ` ${url} ` }]],
  ['endpoint with a user', (url) => [{ endpoint: url.replace('//', '//user:pass@') }]],
  ['endpoint in capitals', (url) => [{ endpoint: url.replace('http', 'HTTP') }]],
  ['endpoint as URL object', (url) => [{ endpoint: new URL(url) }]],
  ['endpoint with a path', (url) => [{ endpoint: `${url}/base` }]],
  ['endpoint with a search', (url) => [{ endpoint: `${url}?a=1` }]],
  ['endpoint with an empty search', (url) => [{ endpoint: `${url}?` }]],
  ['endpoint with a hash', (url) => [{ endpoint: `${url}#top` }]],
  ['endpoint not a URL', () => [{ endpoint: 'not a url' }]],
  ['endpoint without a scheme', () => [{ endpoint: 'collector.example.com' }]],
  ['endpoint only slashes', () => [{ endpoint: '///' }]],
  ['endpoint empty', () => [{ endpoint: '' }]],
  ['endpoint of a strange type', () => [{ endpoint: 5 }]],
  ['endpoint an object', () => [{ endpoint: {} }]],
  ['endpoint false', () => [{ endpoint: false }]],
  ['endpoint with a scheme of no origin', () => [{ endpoint: 'file:///tmp' }]],
  ['endpoint mailto', () => [{ endpoint: 'mailto:a@b' }]],
  ['endpoint with a bad port', () => [{ endpoint: 'http://127.0.0.1:99999' }]],
  ['projectId', (url) => [{ endpoint: url, projectId: 'proj_1-A' }]],
  ['projectId of the environment', (url) => [{ endpoint: url }, { [PROJECT]: 'from-env' }]],
  ['projectId before the environment', (url) => [{ endpoint: url, projectId: 'mine' }, { [PROJECT]: 'from-env' }]],
  ['projectId invalid', (url) => [{ endpoint: url, projectId: 'a/b' }]],
  ['projectId empty', (url) => [{ endpoint: url, projectId: '' }]],
  ['projectId with a newline', (url) => [{ endpoint: url, projectId: 'a\n' }]],
  ['projectId of umlauts', (url) => [{ endpoint: url, projectId: 'ä' }]],
  ['projectId a number', (url) => [{ endpoint: url, projectId: 42 }]],
  ['projectId null', (url) => [{ endpoint: url, projectId: null }, { [PROJECT]: 'from-env' }]],
  ['projectId undefined', (url) => [{ endpoint: url, projectId: undefined }, { [PROJECT]: 'from-env' }]],
  ['projectId an object', (url) => [{ endpoint: url, projectId: {} }]],
  ['projectId of the environment invalid', (url) => [{ endpoint: url }, { [PROJECT]: 'a/b' }]],
  ['projectId of the environment empty', (url) => [{ endpoint: url }, { [PROJECT]: '' }]],
  ['projectId invalid and endpoint invalid', () => [{ endpoint: 'no', projectId: 'a b' }]],
  ['tracesEndpoint an origin', (url) => [{ tracesEndpoint: url }]],
  ['tracesEndpoint an origin with slashes', (url) => [{ tracesEndpoint: `${url}//` }]],
  ['tracesEndpoint an origin, in a project', (url) => [{ tracesEndpoint: url, projectId: 'p' }]],
  ['tracesEndpoint a publish URL', (url) => [{ tracesEndpoint: `${url}/custom/spans/publish` }]],
  ['tracesEndpoint a publish URL with slashes', (url) => [{ tracesEndpoint: `${url}/custom/spans/publish//` }]],
  ['tracesEndpoint a publish URL, in a project', (url) => [{ tracesEndpoint: `${url}/x/spans/publish`, projectId: 'p' }]],
  ['tracesEndpoint the suffix alone', (url) => [{ tracesEndpoint: `${url}/spans/publish` }]],
  ['tracesEndpoint with odd path', (url) => [{ tracesEndpoint: `${url}/a b/../ü/./%7E/spans/publish` }]],
  ['tracesEndpoint with backslashes', (url) => [{ tracesEndpoint: `${url}\\a\\spans\\publish` }]],
  ['tracesEndpoint with a scheme of no origin', () => [{ tracesEndpoint: 'grpc://127.0.0.1:4317' }]],
  ['tracesEndpoint with a scheme of no origin, in a project', () => [{ tracesEndpoint: 'grpc://127.0.0.1', projectId: 'p' }]],
  ['tracesEndpoint of the environment with a scheme of no origin', () => [{}, { [TRACES]: 'grpc://127.0.0.1:4317' }]],
  ['tracesEndpoint the suffix without a slash', (url) => [{ tracesEndpoint: `${url}/myspans/publish` }]],
  ['tracesEndpoint another path', (url) => [{ tracesEndpoint: `${url}/other` }]],
  ['tracesEndpoint the path of another signal', (url) => [{ tracesEndpoint: `${url}/ai/logs/publish` }]],
  ['tracesEndpoint with a search', (url) => [{ tracesEndpoint: `${url}/ai/spans/publish?x=1` }]],
  ['tracesEndpoint with a hash', (url) => [{ tracesEndpoint: `${url}/ai/spans/publish#x` }]],
  ['tracesEndpoint not a URL', () => [{ tracesEndpoint: 'nope' }]],
  ['tracesEndpoint empty falls to endpoint', (url) => [{ endpoint: url, tracesEndpoint: '' }]],
  ['tracesEndpoint empty hides the environment', (url) => [{ endpoint: url, tracesEndpoint: '' }, { [TRACES]: `${url}/env/spans/publish` }]],
  ['tracesEndpoint before endpoint', (url) => [{ endpoint: 'http://127.0.0.1:1', tracesEndpoint: url }]],
  ['tracesEndpoint before an invalid endpoint', (url) => [{ endpoint: 'no', tracesEndpoint: url }]],
  ['tracesEndpoint as URL object', (url) => [{ tracesEndpoint: new URL(`${url}/u/spans/publish`) }]],
  ['tracesEndpoint with a user', (url) => [{ tracesEndpoint: `${url.replace('//', '//user:pass@')}/u/spans/publish` }]],
  ['tracesEndpoint of the environment', (url) => [{}, { [TRACES]: `${url}/env/spans/publish` }]],
  ['tracesEndpoint of the environment, an origin', (url) => [{}, { [TRACES]: `${url}/`, [PROJECT]: 'p' }]],
  ['tracesEndpoint of the environment before endpoint', (url) => [{ endpoint: 'http://127.0.0.1:1' }, { [TRACES]: `${url}/env/spans/publish` }]],
  ['tracesEndpoint before the environment', (url) => [{ tracesEndpoint: url }, { [TRACES]: 'http://127.0.0.1:1' }]],
  ['tracesEndpoint of the environment invalid', (url) => [{ endpoint: url }, { [TRACES]: 'nope' }]],
  ['tracesEndpoint of the environment empty', (url) => [{ endpoint: url }, { [TRACES]: '' }]],
  ...['logs', 'metrics', 'scores', 'feedback'].flatMap((signal) => [
    [`${signal}Endpoint an origin`, (url) => [{ endpoint: url, projectId: 'p', [`${signal}Endpoint`]: `${url}/` }]],
    [`${signal}Endpoint a publish URL`, (url) => [{ endpoint: url, [`${signal}Endpoint`]: `${url}/own/${signal}/publish/` }]],
    [`${signal}Endpoint beside tracesEndpoint`, (url) => [{ tracesEndpoint: `${url}/t/spans/publish`, [`${signal}Endpoint`]: `${url}/own/${signal}/publish` }]],
    [`${signal}Endpoint of traces`, (url) => [{ endpoint: url, [`${signal}Endpoint`]: `${url}/ai/spans/publish` }]],
    [`${signal}Endpoint with a search`, (url) => [{ endpoint: url, [`${signal}Endpoint`]: `${url}?a` }]],
    [`${signal}Endpoint not a URL`, (url) => [{ endpoint: url, [`${signal}Endpoint`]: '::' }]],
    [`${signal}Endpoint empty`, (url) => [{ endpoint: url, [`${signal}Endpoint`]: '' }]],
    [`${signal}Endpoint null`, (url) => [{ endpoint: url, [`${signal}Endpoint`]: null }]],
  ]),
  ['accessToken of the environment', (url) => [{ endpoint: url, accessToken: undefined }, { [TOKEN]: 'env-token' }]],
  ['accessToken before the environment', (url) => [{ endpoint: url, accessToken: 'mine' }, { [TOKEN]: 'env-token' }]],
  ['accessToken empty hides the environment', (url) => [{ endpoint: url, accessToken: '' }, { [TOKEN]: 'env-token' }]],
  ['accessToken null', (url) => [{ endpoint: url, accessToken: null }, { [TOKEN]: 'env-token' }]],
  ['accessToken a number', (url) => [{ endpoint: url, accessToken: 5 }]],
  ['no accessToken', (url) => [{ endpoint: url, accessToken: undefined }]],
  ['no accessToken and endpoint invalid', () => [{ endpoint: 'no', accessToken: undefined }]],
  ['no accessToken and projectId invalid', () => [{ projectId: '', accessToken: undefined }]],
];

// What one exporter does with a configuration: the error, or the requests and the log.
export async function outcome(Exporter, makeCase) {
  const server = await startServer((req, res) => res.end('{}'));
  const logger = recordingLogger();
  // Error texts name the url, and each side has its own server.
  const anonymous = (value) => JSON.parse(JSON.stringify(value).replaceAll(server.url, '<url>').replaceAll(new URL(server.url).host, '<host>'));
  try {
    const [options, env = {}] = makeCase(server.url);
    let exporter;
    try {
      exporter = withEnv(env, () => new Exporter({ accessToken: 'token', maxRetries: 1, logger, ...options }));
    } catch (error) {
      assert.ok(error instanceof MastraError, `threw ${error}`);
      return anonymous({ threw: describeError(error), calls: comparableCalls(logger.calls) });
    }
    await sendAll(exporter);
    await exporter.flush();
    await exporter.shutdown();
    const requests = server.requests.map(({ path, headers }) => `${path} ${headers.authorization}`).sort();
    return anonymous({ requests, disabled: exporter.isDisabled, calls: comparableCalls(withoutTokenWarning(logger.calls), { unordered: true }) });
  } finally {
    await server.close();
  }
}
