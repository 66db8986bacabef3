// Certificates: the exporter trusts whom Node's fetch trusts in the same environment, but for what is said to be refused.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { makeCertificates } from '../support/certificates.mjs';
import { runFixture } from '../support/child.mjs';
import { facadeModule } from '../support/facade.mjs';
import { startServer } from '../support/server.mjs';

const OPENSSL = ['--use-openssl-ca'];
const openssl = (...args) => execFileSync('openssl', args, { encoding: 'utf8' });
/** The name under which OpenSSL looks for a certificate in a directory. */
const hashName = (path) => `${openssl('x509', '-in', path, '-noout', '-hash').trim()}.0`;

describe('trust', { concurrency: 2 }, () => {
  let signed;
  let selfSigned;
  let selfSignedCa;
  let bom;
  let hashed;
  let unhashed;
  before(() => {
    signed = makeCertificates();
    selfSigned = signed.selfSigned({ ca: false });
    selfSignedCa = signed.selfSigned({ ca: true });
    bom = signed.write('bom.pem', `\uFEFF${readFileSync(signed.caPath, 'utf8')}`);
    const directory = (name, file) => {
      const path = join(signed.caPath, '..', name);
      mkdirSync(path);
      copyFileSync(signed.caPath, join(path, file));
      return path;
    };
    hashed = directory('hashed', hashName(signed.caPath));
    unhashed = directory('unhashed', 'ca.pem');
  });
  after(() => signed.remove());

  // [name, certificate of the server, environment, arguments of Node, trusted by fetch?, trusted by the exporter?]
  const CASES = [
    ['nothing is set', () => signed, () => ({}), [], false, false],
    ['NODE_EXTRA_CA_CERTS', () => signed, () => ({ NODE_EXTRA_CA_CERTS: signed.caPath }), [], true, true],
    ['NODE_EXTRA_CA_CERTS with a byte order mark', () => signed, () => ({ NODE_EXTRA_CA_CERTS: bom }), [], true, true],
    ['a self-signed certificate in NODE_EXTRA_CA_CERTS', () => selfSigned, () => ({ NODE_EXTRA_CA_CERTS: selfSigned.path }), [], true, true],
    ['the same, marked as a CA', () => selfSignedCa, () => ({ NODE_EXTRA_CA_CERTS: selfSignedCa.path }), [], true, true],
    ['a self-signed certificate, another one in NODE_EXTRA_CA_CERTS', () => selfSignedCa, () => ({ NODE_EXTRA_CA_CERTS: selfSigned.path }), [], false, false],
    ['SSL_CERT_FILE is for OpenSSL', () => signed, () => ({ SSL_CERT_FILE: signed.caPath }), [], false, false],
    ['--use-openssl-ca alone', () => signed, () => ({}), OPENSSL, false, false],
    ['--use-openssl-ca, SSL_CERT_FILE', () => signed, () => ({ SSL_CERT_FILE: signed.caPath }), OPENSSL, true, true],
    ['the same with a byte order mark', () => signed, () => ({ SSL_CERT_FILE: bom }), OPENSSL, true, true],
    ['the same in NODE_OPTIONS', () => signed, () => ({ SSL_CERT_FILE: signed.caPath, NODE_OPTIONS: '--no-warnings --use-openssl-ca' }), [], true, true],
    ['--use-openssl-ca, SSL_CERT_DIR', () => signed, () => ({ SSL_CERT_DIR: hashed }), OPENSSL, true, true],
    ['--use-openssl-ca, two directories', () => signed, () => ({ SSL_CERT_DIR: `${unhashed}:${hashed}` }), OPENSSL, true, true],
    ['--use-openssl-ca, a directory without hashed names', () => signed, () => ({ SSL_CERT_DIR: unhashed }), OPENSSL, false, false],
    ['--use-openssl-ca, a file that is missing', () => signed, () => ({ SSL_CERT_FILE: '/missing', SSL_CERT_DIR: '/missing' }), OPENSSL, false, false],
    ['--use-openssl-ca, NODE_EXTRA_CA_CERTS', () => signed, () => ({ NODE_EXTRA_CA_CERTS: signed.caPath }), OPENSSL, true, true],
    ['NODE_TLS_REJECT_UNAUTHORIZED=0', () => signed, () => ({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }), [], true, false],
  ];
  for (const [name, certificate, environment, nodeArgs, byFetch, byOurs] of CASES) {
    test(`${name}: ${byOurs ? 'trusted' : 'refused'}, ${byOurs === byFetch ? 'as' : 'unlike'} by fetch`, async () => {
      const server = await startServer((req, res) => res.end('{}'), certificate());
      try {
        const env = { URL: server.url.replace('127.0.0.1', 'localhost'), COUNT: '2', MAX_RETRIES: '1', ...environment() };
        const fetched = await runFixture('fetch.mjs', env, nodeArgs);
        assert.equal(fetched.stdout, byFetch ? '200' : '', fetched.stderr);
        const ours = await runFixture('export-and-end.mjs', env, nodeArgs);
        assert.equal(ours.code, 0, ours.stderr);
        assert.equal(server.requests.length, Number(byFetch) + Number(byOurs), ours.stderr);
        assert.equal(/Batch upload failed after all retries[^]*invalid peer certificate/.test(ours.stderr), !byOurs, ours.stderr);
      } finally {
        await server.close();
      }
    });
  }

  // [what the server speaks, trusted?]
  const PROTOCOLS = [
    ['TLS 1.3', { minVersion: 'TLSv1.3' }, true],
    ['TLS 1.2', { maxVersion: 'TLSv1.2' }, true],
    ['TLS 1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }, false],
    ['HTTP/2 and HTTP/1.1', { http2: true }, true],
  ];
  for (const [name, options, spoken] of PROTOCOLS) {
    test(`a server of ${name}: ${spoken ? 'records arrive, by HTTP/1.1' : 'nothing is sent'}`, async () => {
      const versions = [];
      const server = await startServer((req, res) => { versions.push(req.httpVersion); res.end('{}'); }, { ...signed, ...options });
      try {
        const env = { URL: server.url.replace('127.0.0.1', 'localhost'), COUNT: '2', MAX_RETRIES: '1', NODE_EXTRA_CA_CERTS: signed.caPath };
        const { code, stderr } = await runFixture('export-and-end.mjs', env);
        assert.equal(code, 0, stderr);
        assert.deepEqual(versions, spoken ? ['1.1'] : [], stderr);
        if (spoken) return;
        // The server works: one who speaks its version is let in.
        const oldest = { minVersion: 'TLSv1', ciphers: options.ciphers };
        const socket = connect({ port: new URL(server.url).port, servername: 'localhost', ca: readFileSync(signed.caPath), ...oldest });
        await once(socket, 'secureConnect');
        assert.equal(socket.getProtocol(), 'TLSv1.1');
        socket.destroy();
      } finally {
        await server.close();
      }
    });
  }

  // A stand-in for a Node that is built to trust what OpenSSL finds, of which there is none here: what it says of itself.
  const BUILT_SO = `
    const tls = require('tls');
    const extra = process.env.NODE_EXTRA_CA_CERTS ? ['-----an extra one-----'] : [];
    tls.getCACertificates = (type) => (type === 'bundled' ? tls.rootCertificates : extra);
    const variables = { ...process.config.variables, node_shared_openssl: process.env.SHARED === 'yes' };
    Object.defineProperty(process, 'config', { value: { ...process.config, variables } });`;
  // [name, environment, trusted?]
  const BUILDS = [
    ['a Node built to trust what OpenSSL finds', () => ({ SHARED: 'yes', SSL_CERT_FILE: signed.caPath }), true],
    ['the same with extra certificates', () => ({ SHARED: 'yes', SSL_CERT_FILE: signed.caPath, NODE_EXTRA_CA_CERTS: selfSigned.path }), true],
    ['an application that trusts nobody', () => ({ SHARED: 'no', SSL_CERT_FILE: signed.caPath }), false],
  ];
  for (const [name, environment, trusted] of BUILDS) {
    test(`${name}: ${trusted ? 'trusted' : 'refused'}`, async () => {
      const server = await startServer((req, res) => res.end('{}'), signed);
      try {
        const env = { URL: server.url.replace('127.0.0.1', 'localhost'), COUNT: '2', MAX_RETRIES: '1', ...environment() };
        const { code, stderr } = await runFixture('export-and-end.mjs', env, ['--require', signed.write('built-so.cjs', BUILT_SO)]);
        assert.equal(code, 0, stderr);
        assert.equal(server.requests.length, Number(trusted), stderr);
      } finally {
        await server.close();
      }
    });
  }
});

test("without variables, OpenSSL's own places are read", async () => {
  const { opensslCertificates } = await facadeModule('network/openssl');
  const [, directory] = /OPENSSLDIR: "(.*)"/.exec(openssl('version', '-d'));
  const certificates = join(directory, 'certs');
  const names = existsSync(certificates) ? readdirSync(certificates).filter((name) => /^[\da-f]{8}\.\d+$/.test(name)) : [];
  const found = opensslCertificates();
  const missing = names.filter((name) => !found.includes(readFileSync(join(certificates, name), 'utf8')));
  assert.deepEqual(missing, []);
});

test('500 exporters share the certificates', async () => {
  const { code, stdout, stderr } = await runFixture('many-exporters.mjs', { COUNT: '500' });
  assert.equal(code, 0, stderr);
  // A set of its own for each took 330 MB here; 500 exporters take 6.
  assert.ok(Number(stdout) < 50, `${stdout} MB`);
});
