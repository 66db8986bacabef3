import { readFileSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const FLAG = '--use-openssl-ca';
/** Where builds of OpenSSL look, in this order: most Linux and Node's own build, Debian, Fedora, Homebrew, macOS. */
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
 * Whether Node trusts what OpenSSL finds on the machine instead of its own set: started so, or built so. Node has no
 * list of these. `known` is what Node says that it trusts, `extra` the part of it from `NODE_EXTRA_CA_CERTS`; both are
 * absent before Node 22.15, where a Node that is only built so is taken for one that trusts its own set.
 */
export function usesOpenssl(known: readonly string[] | undefined, extra: readonly string[] | undefined): boolean {
  const { execArgv, env, config } = process;
  if ([...execArgv, ...(env['NODE_OPTIONS'] ?? '').split(/\s+/)].includes(FLAG)) return true;
  // Only a Node with the OpenSSL of the system is built so. For others an empty list is what the application has set.
  const ofSystem = Boolean((config.variables as { node_shared_openssl?: boolean }).node_shared_openssl);
  return ofSystem && known !== undefined && known.length === extra?.length;
}

/** PEM texts from `SSL_CERT_FILE` and `SSL_CERT_DIR`, or where OpenSSL looks without the one or the other. */
export function opensslCertificates(): string[] {
  const file = process.env['SSL_CERT_FILE'];
  const directories = process.env['SSL_CERT_DIR'];
  const files = file ? [readPem(file)] : first((directory) => [readPem(join(directory, 'cert.pem'))]);
  const others = directories ? directories.split(delimiter).flatMap(hashed) : first((directory) => hashed(join(directory, 'certs')));
  return [...files, ...others];
}

/** PEM text of a file, without the byte order mark that OpenSSL passes over too; empty if it cannot be read. */
export function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch {
    return '';
  }
}

/** The files of a directory that OpenSSL reads: those named by the hash of a subject, `5ad8a5d6.0`. */
function hashed(directory: string): string[] {
  try {
    const names = readdirSync(directory).filter((name) => /^[\da-f]{8}\.\d+$/.test(name));
    return names.map((name) => readPem(join(directory, name)));
  } catch {
    return [];
  }
}

/** What is in the first of OpenSSL's directories that has anything. */
function first(read: (directory: string) => string[]): string[] {
  for (const directory of DIRECTORIES) {
    const texts = read(directory);
    if (texts.some(Boolean)) return texts;
  }
  return [];
}
