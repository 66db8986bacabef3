import { isThisMachine } from './hosts.js';
import { isExempt } from './no-proxy.js';

/** What the engine can speak to; `SCHEMES` in `src/transport/proxy.rs`. */
const SCHEMES = ['http:', 'https:', 'socks4:', 'socks4a:', 'socks5:', 'socks5h:'];

/** The ways to the endpoints. */
export interface Proxies {
  /** The URL of each endpoint's proxy, or null where it needs none. */
  urls: (string | null)[];
  /** Variables whose value is no URL of a proxy: their endpoints are asked directly. */
  unusable: string[];
}

/**
 * The proxies that the environment names: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, or the same in lower
 * case, which wins. What stays on this machine needs no proxy: it would read the token of a collector on `localhost`.
 */
export function environmentProxies(endpoints: readonly string[]): Proxies {
  const unusable = new Set<string>();
  const urls = endpoints.map((endpoint) => {
    // What is no URL gets no request.
    if (!URL.canParse(endpoint)) return null;
    const url = new URL(endpoint);
    const found = setting(`${url.protocol.replace(':', '')}_proxy`) ?? setting('all_proxy');
    if (!found || isThisMachine(url) || isExempt(url, setting('no_proxy')?.value ?? '')) return null;
    const proxy = proxyUrl(found.value);
    if (proxy === null) unusable.add(found.name);
    return proxy;
  });
  return { urls, unusable: [...unusable] };
}

/** An environment variable that is not empty, in lower case or else in upper case. */
function setting(name: string): { name: string; value: string } | undefined {
  const [found] = [name, name.toUpperCase()].filter((known) => process.env[known]);
  return found === undefined ? undefined : { name: found, value: process.env[found] ?? '' };
}

function proxyUrl(text: string): string | null {
  const url = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(url)) return null;
  const { protocol, hostname } = new URL(url);
  return SCHEMES.includes(protocol) && hostname ? url : null;
}
