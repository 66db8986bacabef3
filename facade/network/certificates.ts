import tls from 'node:tls';

import { trustCertificates } from '../native/engine.js';
import { opensslCertificates, readPem, usesOpenssl } from './openssl.js';

let trusted = false;

/** Gives the engine the root certificates that Node trusts. Does so once, because reading and parsing take milliseconds. */
export function trustAsNode(): void {
  if (trusted) return;
  trusted = true;
  trustCertificates(trustedPem());
}

/** PEM text of the root certificates that Node trusts. */
function trustedPem(): string {
  // Exists since Node 22.15, follows --use-system-ca, and is absent from the types of older versions.
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default' | 'extra') => string[] };
  const known = getCACertificates?.('default');
  if (usesOpenssl(known, getCACertificates?.('extra'))) return [...opensslCertificates(), extraPem()].join('\n');
  return (known ?? [...tls.rootCertificates, extraPem()]).join('\n');
}

function extraPem(): string {
  const path = process.env['NODE_EXTRA_CA_CERTS'];
  // Node ignores a file that it cannot read, after a warning at its start. So do we.
  return path ? readPem(path) : '';
}
