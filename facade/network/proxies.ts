import { isThisMachine } from './hosts.js';
import { isExempt } from './no-proxy.js';

/** The schemes of proxies that the engine supports; the same as `SCHEMES` in `src/transport/proxy.rs`. */
const SCHEMES = ['http:', 'https:', 'socks4:', 'socks4a:', 'socks5:', 'socks5h:'];

/** The proxies of the endpoints. */
export interface Proxies {
  /** The URL of each endpoint's proxy, or null where it needs none. */
  urls: (string | null)[];
  /** Environment variables whose value is no URL of a proxy. Their endpoints are reached without a proxy. */
  unusable: string[];
}

/**
 * The proxies that the environment names in `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`. A variable in lower
 * case takes precedence over the same one in upper case. A collector on this machine is reached without a proxy, because
 * the proxy could read the token.
 */
export function environmentProxies(endpoints: readonly string[]): Proxies {
  const unusable = new Set<string>();
  const urls = endpoints.map((endpoint) => {
    // An endpoint that is no URL gets no request.
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
  // In a CGI program HTTP_PROXY is the header `Proxy` of the request, so whoever sends the request would get the token.
  const names = name === 'http_proxy' && process.env['REQUEST_METHOD'] ? [name] : [name, name.toUpperCase()];
  for (const found of names) {
    const value = process.env[found]?.trim();
    if (value) return { name: found, value };
  }
  return undefined;
}

function proxyUrl(text: string): string | null {
  const url = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(url)) return null;
  const { protocol, hostname } = new URL(url);
  return SCHEMES.includes(protocol) && hostname ? url : null;
}
