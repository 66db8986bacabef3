import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';

import { hostOf, isIn } from './hosts.js';

/**
 * Whether `NO_PROXY` (a list separated by commas or spaces) names the host of the URL. Entries as in Go's `httpproxy`:
 *
 * - `*`: every host
 * - `example.com`: that host and all below it; `.example.com` or `*.example.com`: all below it
 * - `10.0.0.1`, `fd00::1`, `10.0.0.0/8`, `fd00::/8`: an address, or all of a range. Host names are not looked up for it
 * - each name or address with a port, `example.com:8443` or `[fd00::1]:8443`: that port of it
 *
 * An entry that is none of these names nothing.
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

/** An address in any spelling, or a range; empty if the text is neither. */
function range(text: string): BlockList {
  const list = new BlockList();
  const [, address = '', prefix] = /^([^/]*)(?:\/(\d+))?$/.exec(text) ?? [];
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  try {
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  } catch {
    // Not an address, or no prefix of one.
  }
  return list;
}

function splitPort(entry: string): { name: string; entryPort?: string | undefined } {
  // The colons of an IPv6 address are its own, unless it stands in brackets.
  if (isIP(entry) === 6) return { name: entry };
  const [, name = entry, entryPort] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(entry) ?? [];
  return { name, entryPort };
}
