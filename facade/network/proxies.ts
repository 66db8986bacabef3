import { getProxyForUrl } from 'proxy-from-env';

/**
 * The proxy of each endpoint, or null where it needs none: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, or the
 * same in lower case, which wins.
 */
export function environmentProxies(endpoints: readonly string[]): (string | null)[] {
  return endpoints.map((endpoint) => getProxyForUrl(endpoint) || null);
}
