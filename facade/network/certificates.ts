import tls from 'node:tls';

import { trustCertificates } from '../native/engine.js';
import { opensslCertificates, readPem, usesOpenssl } from './openssl.js';

let trusted = false;

/** Tells the engine to trust whom Node trusts. Once: reading and parsing takes milliseconds. */
export function trustAsNode(): void {
  if (trusted) return;
  trusted = true;
  trustCertificates(trustedPem());
}

/** PEM text of the root certificates that Node trusts. */
function trustedPem(): string {
  // Since Node 22.15, and also right under --use-system-ca. Older types do not know it.
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default' | 'extra') => string[] };
  const known = getCACertificates?.('default');
  if (usesOpenssl(known, getCACertificates?.('extra'))) return [...opensslCertificates(), extraPem()].join('\n');
  return (known ?? [...tls.rootCertificates, extraPem()]).join('\n');
}

function extraPem(): string {
  const path = process.env['NODE_EXTRA_CA_CERTS'];
  // Node has warned at its start about a file that cannot be read, and goes on without.
  return path ? readPem(path) : '';
}
