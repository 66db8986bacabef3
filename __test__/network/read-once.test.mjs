// The environment is read when an exporter is made, and the certificates of the process at the first one that needs
// them: later changes have no effect on it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { makeCertificates } from '../support/certificates.mjs';
import { runFixture } from '../support/child.mjs';
import { startServer } from '../support/server.mjs';

/** What a process sends whose environment changes: the address and token of each request, with the span in it. */
async function sent(environment, tls) {
  const server = await startServer((req, res) => res.end('{}'), tls);
  try {
    const { code, stderr } = await runFixture('changing-environment.mjs', environment(server.url));
    assert.equal(code, 0, stderr);
    return server.requests.map(({ path, headers, text }) => [path, headers.authorization, JSON.parse(text).spans[0].spanId]);
  } finally {
    await server.close();
  }
}

describe('what is read once', { concurrency: 2 }, () => {
  test('address and token, when an exporter is made', async () => {
    const variables = (url) => ({ MASTRA_CLOUD_TRACES_ENDPOINT: url, MASTRA_CLOUD_ACCESS_TOKEN: 'token' });
    const environment = (url) => ({ ...variables(url), CHANGED: Object.keys(variables()).join() });
    // The second exporter has no token.
    assert.deepEqual(await sent(environment), [['/ai/spans/publish', 'Bearer token', 'first']]);
  });

  test('the proxy, when an exporter is made', async () => {
    const ENDPOINT = 'http://telemetry.invalid';
    const environment = (url) => ({ ENDPOINT, http_proxy: url, MASTRA_CLOUD_ACCESS_TOKEN: 'token', CHANGED: 'http_proxy' });
    // The second exporter has no proxy, and the name does not resolve.
    assert.deepEqual(await sent(environment), [[`${ENDPOINT}/ai/spans/publish`, 'Bearer token', 'first']]);
  });

  test('the certificates, at the first exporter with https', async () => {
    const signed = makeCertificates();
    try {
      const FILE = signed.write('extra.pem', readFileSync(signed.caPath, 'utf8'));
      const environment = (url) => ({ ENDPOINT: url.replace('127.0.0.1', 'localhost'), FILE, NODE_EXTRA_CA_CERTS: FILE, MASTRA_CLOUD_ACCESS_TOKEN: 'token' });
      const requests = await sent(environment, signed);
      assert.deepEqual(requests.map(([, , id]) => id), ['first', 'second']);
    } finally {
      signed.remove();
    }
  });
});
