import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';

import { hostOf, isIn } from './hosts.js';

/**
 * Whether `NO_PROXY` (a list separated by commas or spaces) names the host of the URL. Entries as in Go's `httpproxy`:
 *
 * - `*`: every host
 * - `example.com`: that host and all below it; `.example.com` or `*.example.com`: all below it
 * - `10.0.0.1`, `fd00::1`, `10.0.0.0/8`, `fd00::/8`: an address, or all addresses of a range. Host names of URLs are not
 *   resolved for the comparison
 * - a name or address with a port, `example.com:8443` or `[fd00::1]:8443`: only this port of the host
 *
 * Any other entry is ignored.
 */
export function isExempt(url: URL, noProxy: string): boolean {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const entries = noProxy.split(/[\s,]+/).filter(Boolean);
  return entries.some((entry) => entry === '*' || names(entry, hostOf(url), port));
}

function names(entry: string, host: string, port: string): boolean {
  if (entry.includes('/')) return isIn(range(entry), host);
  const { name, entryPort } = splitPort(entry);
  if (entryPort !== undefined && entryPort !== port) return false;
  if (isIP(host) !== 0) return isIP(name) !== 0 && isIn(range(name), host);
  const domain = domainToASCII(name.replace(/^\*?\./, '').replace(/\.$/, ''));
  if (domain === '') return false;
  return host.endsWith(`.${domain}`) || (host === domain && !/^\*?\./.test(name));
}

/** A list with the address (in any spelling) or range that the text names. Empty if the text names neither. */
function range(text: string): BlockList {
  const list = new BlockList();
  const [, address = '', prefix] = /^([^/]*)(?:\/(\d+))?$/.exec(text) ?? [];
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  try {
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  } catch {
    // The text is no address, or its prefix length is out of range.
  }
  return list;
}

function splitPort(entry: string): { name: string; entryPort?: string | undefined } {
  // A colon separates a port, except in an IPv6 address without brackets.
  if (isIP(entry) === 6) return { name: entry };
  const [, name = entry, entryPort] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(entry) ?? [];
  return { name, entryPort };
}
