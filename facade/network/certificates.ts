import { readFileSync } from 'node:fs';
import * as tls from 'node:tls';

let cached: string | undefined;

/** PEM text of the root certificates that Node trusts: its own set and `NODE_EXTRA_CA_CERTS`. Read once. */
export function trustedPem(): string {
  cached ??= certificates().join('\n');
  return cached;
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
