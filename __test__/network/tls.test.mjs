// Certificates that Node's fetch takes in the same environment, and the exporter partly does not.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeCertificates } from '../support/certificates.mjs';
import { runFixture } from '../support/child.mjs';
import { startServer } from '../support/server.mjs';

describe('trust', { concurrency: 2 }, () => {
  let signed;
  let selfSigned;
  let selfSignedCa;
  before(() => {
    signed = makeCertificates();
    selfSigned = signed.selfSigned({ ca: false });
    selfSignedCa = signed.selfSigned({ ca: true });
  });
  after(() => signed.remove());

  // [name, certificate of the server, environment, delivered?]
  const CASES = [
    ['a self-signed certificate listed in NODE_EXTRA_CA_CERTS', () => selfSigned, () => ({ NODE_EXTRA_CA_CERTS: selfSigned.path }), true],
    ['the same, marked as a CA', () => selfSignedCa, () => ({ NODE_EXTRA_CA_CERTS: selfSignedCa.path }), false],
    ['NODE_TLS_REJECT_UNAUTHORIZED=0', () => signed, () => ({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }), false],
  ];
  for (const [name, certificate, environment, delivered] of CASES) {
    test(`${name}: ${delivered ? 'trusted' : 'refused, unlike by fetch'}`, async () => {
      const server = await startServer((req, res) => res.end('{}'), certificate());
      try {
        const env = { URL: server.url.replace('127.0.0.1', 'localhost'), COUNT: '2', MAX_RETRIES: '1', ...environment() };
        const byNode = await runFixture('fetch.mjs', env);
        assert.equal(byNode.stdout, '200', byNode.stderr);
        const ours = await runFixture('export-and-end.mjs', env);
        assert.equal(ours.code, 0, ours.stderr);
        assert.equal(server.requests.length, delivered ? 2 : 1, ours.stderr);
        assert.equal(/Batch upload failed after all retries[^]*invalid peer certificate/.test(ours.stderr), !delivered, ours.stderr);
      } finally {
        await server.close();
      }
    });
  }
});
