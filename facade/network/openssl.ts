import { readFileSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const FLAG = '--use-openssl-ca';
/**
 * The certificate directories of the builds of OpenSSL: most Linux systems and Node's own build, Debian, Fedora, Homebrew,
 * macOS.
 */
const DIRECTORIES = [
  '/etc/ssl',
  '/usr/lib/ssl',
  '/etc/pki/tls',
  '/opt/homebrew/etc/openssl@3',
  '/usr/local/etc/openssl@3',
  '/System/Library/OpenSSL',
  'C:\\Program Files\\Common Files\\SSL',
];

/**
 * Whether Node trusts the certificates that OpenSSL finds on the machine instead of Node's own set. Either the flag
 * `--use-openssl-ca` or the build of Node decides that. Node has no list of these certificates. `known` are the
 * certificates that Node lists as trusted, `extra` are those of them from `NODE_EXTRA_CA_CERTS`. Both are absent before
 * Node 22.15, where only the flag is recognised.
 */
export function usesOpenssl(known: readonly string[] | undefined, extra: readonly string[] | undefined): boolean {
  const { execArgv, env, config } = process;
  if ([...execArgv, ...(env['NODE_OPTIONS'] ?? '').split(/\s+/)].includes(FLAG)) return true;
  // Only a Node that is linked to the OpenSSL of the system can be built this way. Elsewhere an empty list was set by the
  // application.
  const ofSystem = Boolean((config.variables as { node_shared_openssl?: boolean }).node_shared_openssl);
  return ofSystem && known !== undefined && known.length === extra?.length;
}

/** PEM texts from `SSL_CERT_FILE` and `SSL_CERT_DIR`, or from OpenSSL's default place for the one that is not set. */
export function opensslCertificates(): string[] {
  const file = process.env['SSL_CERT_FILE'];
  const directories = process.env['SSL_CERT_DIR'];
  const files = file ? [readPem(file)] : first((directory) => [readPem(join(directory, 'cert.pem'))]);
  const others = directories ? directories.split(delimiter).flatMap(hashed) : first((directory) => hashed(join(directory, 'certs')));
  return [...files, ...others];
}

/** PEM text of a file, without a byte order mark, which OpenSSL ignores too. Empty if the file cannot be read. */
export function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch {
    return '';
  }
}

/** PEM texts of the files that OpenSSL reads in a directory: those named after the hash of a subject, like `5ad8a5d6.0`. */
function hashed(directory: string): string[] {
  try {
    const names = readdirSync(directory).filter((name) => /^[\da-f]{8}\.\d+$/.test(name));
    return names.map((name) => readPem(join(directory, name)));
  } catch {
    return [];
  }
}

/** The texts from the first of OpenSSL's directories that has any. */
function first(read: (directory: string) => string[]): string[] {
  for (const directory of DIRECTORIES) {
    const texts = read(directory);
    if (texts.some(Boolean)) return texts;
  }
  return [];
}
