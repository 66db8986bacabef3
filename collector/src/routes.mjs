import { isPage } from './page/pages.mjs';

/** @typedef {'page' | 'file' | 'api' | 'start' | 'elsewhere' | undefined} Kind  undefined: there is no such thing */

const SEGMENT = '[^/]+';

/**
 * The routes of Mastra's server that Studio's pages for traces, logs, metrics, scores and feedback use, and the frame around
 * them.
 * The rest of that server runs agents, stores code to run and asks hosts on the internet; it is not reachable.
 */
const API = {
  GET: [
    '/auth/capabilities',
    '/system/packages',
    // The frame and the overview ask for these lists. They are empty, and stay so.
    '/(agents|workflows|tools|processors|workspaces|mcp/v0/servers)',
    '/(datasets|experiments|experiments/review-summary|editor/builder/settings)',
    `/scores/scorers(/${SEGMENT})?`,
    `/scores/scorer/${SEGMENT}`,
    `/scores/run/${SEGMENT}`,
    '/observability/(traces|traces/light|branches|logs|metrics|scores|feedback)',
    `/observability/scores/${SEGMENT}`,
    `/observability/traces/${SEGMENT}(/(light|trajectory))?`,
    `/observability/traces/${SEGMENT}/(branches|spans)/${SEGMENT}`,
    `/observability/traces/${SEGMENT}/${SEGMENT}/scores`,
    '/observability/discovery/(metric-names|metric-label-keys|metric-label-values)',
    '/observability/discovery/(entity-types|entity-names|service-names|environments|tags)',
  ],
  POST: [
    '/observability/traces/(query|query/fields|query/values|delete)',
    '/observability/threads/query',
    '/observability/feedback',
    '/observability/(metrics|scores|feedback)/(aggregate|breakdown|timeseries|percentiles)',
  ],
  PATCH: [`/observability/feedback/${SEGMENT}/review-status`],
  DELETE: ['/observability/(scores|feedback)'],
};

const PATTERNS = Object.fromEntries(
  Object.entries(API).map(([method, paths]) => [method, new RegExp(`^/api(${paths.join('|')})$`)]));

/** The files that Studio's page loads. */
const FILE = /^\/(assets\/[\w.-]+|mastra-dark-tile\.svg|refresh-events)$/;

/**
 * @param {string} method
 * @param {string} path  normalised
 * @returns {Kind} how a request is answered that may see Studio
 */
export function kindOf(method, path) {
  if (PATTERNS[method]?.test(path)) return 'api';
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  if (path === '/' || path === '/observability') return 'start';
  if (FILE.test(path)) return 'file';
  if (isPage(path)) return 'page';
  return path.startsWith('/api/') ? undefined : 'elsewhere';
}
