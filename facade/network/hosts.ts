import { BlockList, isIP } from 'node:net';

/** Addresses that lead to no other machine. */
const THIS_MACHINE = new BlockList();
THIS_MACHINE.addSubnet('127.0.0.0', 8);
THIS_MACHINE.addAddress('0.0.0.0');
THIS_MACHINE.addAddress('::1', 'ipv6');
THIS_MACHINE.addAddress('::', 'ipv6');

/** Hosts to which the token would travel unencrypted: those of `http` URLs, except this machine. */
export function readableHosts(endpoints: readonly string[]): string[] {
  // An endpoint that is no URL gets no request, so no token travels to it.
  const urls = endpoints.filter((endpoint) => URL.canParse(endpoint)).map((endpoint) => new URL(endpoint));
  const exposed = urls.filter((url) => url.protocol === 'http:' && !isThisMachine(url));
  return [...new Set(exposed.map(({ host }) => host))];
}

/** Whether requests to the URL stay on this machine. */
export function isThisMachine(url: URL): boolean {
  const host = hostOf(url);
  return isIn(THIS_MACHINE, host) || /(^|\.)localhost$/.test(host);
}

/** The host as a name or address, without the brackets of IPv6 and the dot of the root. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}

/** Whether the host is an address in the list. */
export function isIn(list: BlockList, host: string): boolean {
  const version = isIP(host);
  return version !== 0 && list.check(host, version === 4 ? 'ipv4' : 'ipv6');
}
