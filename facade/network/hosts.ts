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
