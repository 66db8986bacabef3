// Whole processes: what is delivered when a script ends, what keeps the process alive, and which certificates are
// trusted.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { startCollector } from '../../examples/demo/collector.mjs';
import { makeCertificates } from '../support/certificates.mjs';
import { runFixture } from '../support/child.mjs';
import { numbered } from '../support/spans.mjs';
import { first, startServer } from '../support/server.mjs';

async function collect(fixture, { env, answer, nodeArgs } = {}) {
  const collector = await startCollector(answer && { answer });
  try {
    const result = await runFixture(fixture, { URL: collector.url, ...env }, nodeArgs);
    return { ...result, ids: collector.records('spans').map(({ id }) => id), requests: collector.requests };
  } finally {
    await collector.close();
  }
}


// [name, fixture, { env, answer }, expected exit code, expected ids in any order]. All fixtures set
// maxBatchWaitMs to an hour: a process that waited for it would be killed and have no exit code.
const CASES = [
  ['a script that ends delivers all', 'export-and-end.mjs', { env: { COUNT: '300' } }, 0, numbered(300)],
  ['more than one batch', 'export-and-end.mjs', { env: { COUNT: '2500' } }, 0, numbered(2500)],
  ['a script that ends while the server fails once', 'export-and-end.mjs', { env: { COUNT: '5' }, answer: first({ status: 503 }) }, 0, numbered(5)],
  ['a script that ends without any span', 'export-and-end.mjs', { env: { COUNT: '0' } }, 0, []],
  ['rejected credentials do not hold the process', 'export-and-end.mjs', { env: { COUNT: '5' }, answer: () => ({ status: 401 }) }, 0, []],
  ['idle exporters do not hold the process', 'idle.mjs', {}, 0, ['s0']],
  ['forgotten exporters deliver', 'dropped-exporters.mjs', { nodeArgs: ['--expose-gc'] }, 0, numbered(20)],
  // The pause between two attempts has nothing else that would keep the process alive.
  ['flush() keeps the process alive', 'pending-flush.mjs', { env: { METHOD: 'flush' }, answer: first({ status: 503 }) }, 0, ['s0']],
  ['shutdown() keeps the process alive', 'pending-flush.mjs', { env: { METHOD: 'shutdown' }, answer: first({ status: 503 }) }, 0, ['s0']],
  ['a worker that waits for flush()', 'worker.mjs', { env: { COUNT: '50', THEN: 'flush' } }, 0, [...numbered(50), 'main']],
  ['a worker that ends', 'worker.mjs', { env: { COUNT: '50' } }, 0, [...numbered(50), 'main']],
  ['several workers at once', 'worker.mjs', { env: { COUNT: '1', WORKERS: '4', THEN: 'flush' } }, 0, ['s0', 's0', 's0', 's0', 'main']],
];

describe('processes', { concurrency: 2 }, () => {
  for (const [name, fixture, options, code, ids] of CASES) {
    test(name, async () => {
      const result = await collect(fixture, options);
      assert.deepEqual([result.code, result.signal], [code, null], result.stderr);
      assert.deepEqual(result.ids.sort(), [...ids].sort());
      if (fixture === 'pending-flush.mjs') {
        assert.equal(result.requests.length, 2);
        assert.match(result.stdout, /done\n$/);
      }
    });
  }

  test('import and require in one process', async () => {
    const { code, stdout, stderr, ids } = await collect('import-and-require.cjs');
    assert.equal(code, 0, stderr);
    assert.deepEqual(ids.sort(), ['imported', 'required']);
    const { required, imported, exports } = JSON.parse(stdout);
    assert.deepEqual([required, imported], [true, true]);
    assert.ok(exports.every((names) => names.includes('CloudExporter')));
  });
});

describe('TLS', { concurrency: 2 }, () => {
  let certificates;
  let server;
  before(async () => {
    certificates = makeCertificates();
    server = await startServer((req, res) => res.end('{}'), certificates);
  });
  after(async () => {
    await server.close();
    certificates.remove();
  });

  // [name, host, the file given as NODE_EXTRA_CA_CERTS, delivered?]
  const TLS_CASES = [
    ['a private CA is refused', 'localhost', () => undefined, false],
    ['a private CA is accepted with NODE_EXTRA_CA_CERTS', 'localhost', ({ caPath }) => caPath, true],
    ['a host the certificate does not name is refused', '127.0.0.1', ({ caPath }) => caPath, false],
    ['an extra file that is missing', 'localhost', ({ caPath }) => `${caPath}.missing`, false],
    ['an extra file with text around the certificate', 'localhost', ({ caPath, write }) => write('text.pem', `Test CA\n=====\n${readFileSync(caPath, 'utf8')}\nend`), true],
    ['an extra file with CRLF', 'localhost', ({ caPath, write }) => write('crlf.pem', readFileSync(caPath, 'utf8').replaceAll('\n', '\r\n')), true],
    ['an extra file of two certificates', 'localhost', ({ caPath, cert, write }) => write('two.pem', cert + readFileSync(caPath, 'utf8')), true],
    ['an extra file that is not a certificate', 'localhost', ({ write }) => write('none.pem', 'nothing here'), false],
  ];

  for (const [name, host, extra, delivered] of TLS_CASES) {
    test(name, async () => {
      // A path of its own tells this child's requests from those of the others.
      const project = name.replaceAll(' ', '-');
      const file = extra(certificates);
      const env = { URL: server.url.replace('127.0.0.1', host), COUNT: '2', MASTRA_PROJECT_ID: project, MAX_RETRIES: '1' };
      const { code, stderr } = await runFixture('export-and-end.mjs', file ? { ...env, NODE_EXTRA_CA_CERTS: file } : env);
      assert.equal(code, 0, stderr);
      const mine = server.requests.filter(({ path }) => path.startsWith(`/projects/${project}/`));
      assert.equal(mine.length, delivered ? 1 : 0, stderr);
      assert.equal(/Batch upload failed after all retries/.test(stderr), !delivered, stderr);
    });
  }
});
