import { networkInterfaces } from 'node:os';

/**
 * @param {string} host  as it was listened on
 * @param {number} port
 * @returns {string} a URL that can be used
 */
export function urlOf(host, port) {
  const name = /^(0\.0\.0\.0|::|\[::\])$/.test(host) ? ownAddress() : host;
  return `http://${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}:${port}`;
}

/** @returns {string} an address at which other machines find this one */
function ownAddress() {
  const addresses = Object.values(networkInterfaces()).flatMap(list => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
