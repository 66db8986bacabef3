// A private certificate authority and a certificate for localhost and collector.test, made with openssl.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function makeCertificates() {
  const dir = mkdtempSync(join(tmpdir(), 'exporter-tls-'));
  const at = (name) => join(dir, name);
  const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-days', '2', '-subj', '/CN=Test CA',
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
  openssl('req', ...key, '-keyout', at('server.key'), '-out', at('server.csr'), '-subj', '/CN=localhost');
  writeFileSync(at('server.ext'), 'subjectAltName=DNS:localhost,DNS:collector.test\nextendedKeyUsage=serverAuth\n');
  openssl('x509', '-req', '-in', at('server.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial',
    '-out', at('server.pem'), '-days', '2', '-extfile', at('server.ext'));
  return {
    caPath: at('ca.pem'),
    key: readFileSync(at('server.key')),
    cert: readFileSync(at('server.pem')),
    /** A certificate for localhost that nobody else has signed; `ca`: whether it says that it may sign others. */
    selfSigned({ ca }) {
      const [keyPath, path] = [at(`self-${ca}.key`), at(`self-${ca}.pem`)];
      openssl('req', '-x509', ...key, '-keyout', keyPath, '-out', path, '-days', '2', '-subj', '/CN=localhost',
        '-addext', 'subjectAltName=DNS:localhost', '-addext', `basicConstraints=critical,CA:${ca ? 'TRUE' : 'FALSE'}`);
      return { path, key: readFileSync(keyPath), cert: readFileSync(path) };
    },
    write(name, text) {
      writeFileSync(at(name), text);
      return at(name);
    },
    remove: () => rmSync(dir, { recursive: true }),
  };
}
