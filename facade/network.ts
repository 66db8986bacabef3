import { readFileSync } from 'node:fs';
import * as tls from 'node:tls';

import { getProxyForUrl } from 'proxy-from-env';

let cached: string | undefined;

/** PEM text of the root certificates that Node trusts: its own set and `NODE_EXTRA_CA_CERTS`. Read once. */
export function trustedPem(): string {
  cached ??= certificates().join('\n');
  return cached;
}

/**
 * The proxy of each endpoint, or null where it needs none: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, or the
 * same in lower case, which wins.
 */
export function environmentProxies(endpoints: readonly string[]): (string | null)[] {
  return endpoints.map((endpoint) => getProxyForUrl(endpoint) || null);
}

/** Hosts to which the token would travel readable for others: `http` to anything but this machine. */
export function readableHosts(endpoints: readonly string[]): string[] {
  // What is no URL gets no request and so no token.
  const urls = endpoints.filter((endpoint) => URL.canParse(endpoint)).map((endpoint) => new URL(endpoint));
  const exposed = urls.filter(({ protocol, hostname }) => protocol === 'http:' && !isLoopback(hostname));
  return [...new Set(exposed.map(({ host }) => host))];
}

function isLoopback(hostname: string): boolean {
  return hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname) || /(^|\.)localhost$/.test(hostname);
}

function certificates(): readonly string[] {
  // Since Node 22.15, and also right under --use-system-ca and --use-openssl-ca. Older types do not know it.
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  return getCACertificates ? getCACertificates('default') : [...tls.rootCertificates, ...extraCertificates()];
}

function extraCertificates(): string[] {
  const path = process.env['NODE_EXTRA_CA_CERTS'];
  if (!path) return [];
  try {
    return [readFileSync(path, 'utf8')];
  } catch {
    // Node has warned about it at its start, and goes on without.
    return [];
  }
}
