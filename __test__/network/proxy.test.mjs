// HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, each in a process of its own.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeCertificates } from '../support/certificates.mjs';
import { runFixture } from '../support/child.mjs';
import { startProxy } from '../support/proxy.mjs';
import { refusedUrl, startServer } from '../support/server.mjs';
import { startSocks } from '../support/socks.mjs';

const TOKEN = 'tok3n-for-the-collector';
const FAILED = /Batch upload failed after all retries/;
/** Only the proxies of these tests find it. */
const HOST = 'collector.test';
const UNKNOWN_HOST = /dns error|invalid dns name/;
/** A label of 64 characters: a resolver refuses the name without asking anyone, so going there directly fails at once. */
const NOWHERE = `${'x'.repeat(64)}.${HOST}`;

// [name, scheme of the collector, environment from the proxy's URL and that of a dead one, way]. The way is 'proxy',
// 'direct' (to NOWHERE, which fails with an error of its own), 'here' (directly to this machine) or 'lost'.
const CASES = [
  ['HTTP_PROXY', 'http', (proxy) => ({ HTTP_PROXY: proxy }), 'proxy'],
  ['http_proxy', 'http', (proxy) => ({ http_proxy: proxy }), 'proxy'],
  ['http_proxy wins', 'http', (proxy, dead) => ({ http_proxy: proxy, HTTP_PROXY: dead }), 'proxy'],
  ['an empty http_proxy does not', 'http', (proxy) => ({ http_proxy: '', HTTP_PROXY: proxy }), 'proxy'],
  ['an empty HTTP_PROXY is none', 'http', () => ({ HTTP_PROXY: '' }), 'direct'],
  ['HTTPS_PROXY', 'https', (proxy) => ({ HTTPS_PROXY: proxy }), 'proxy'],
  ['https_proxy', 'https', (proxy) => ({ https_proxy: proxy }), 'proxy'],
  ['https_proxy wins', 'https', (proxy, dead) => ({ https_proxy: proxy, HTTPS_PROXY: dead }), 'proxy'],
  ['HTTPS_PROXY is not for http', 'http', (proxy, dead) => ({ HTTPS_PROXY: dead }), 'direct'],
  ['HTTP_PROXY is not for https', 'https', (proxy, dead) => ({ HTTP_PROXY: dead }), 'direct'],
  ['each for its own', 'https', (proxy, dead) => ({ HTTP_PROXY: dead, HTTPS_PROXY: proxy }), 'proxy'],
  ['no proxy', 'https', () => ({}), 'direct'],
  ['ALL_PROXY', 'http', (proxy) => ({ ALL_PROXY: proxy }), 'proxy'],
  ['all_proxy', 'https', (proxy) => ({ all_proxy: proxy }), 'proxy'],
  ['all_proxy wins over ALL_PROXY', 'http', (proxy, dead) => ({ all_proxy: proxy, ALL_PROXY: dead }), 'proxy'],
  ['HTTP_PROXY with spaces around', 'http', (proxy) => ({ HTTP_PROXY: ` ${proxy} ` }), 'proxy'],
  // A CGI program gets a request header called Proxy in this variable: whoever sends the request would get the token.
  ['HTTP_PROXY of a CGI program is not taken', 'http', (proxy) => ({ HTTP_PROXY: proxy, REQUEST_METHOD: 'GET' }), 'direct'],
  ['http_proxy of a CGI program is', 'http', (proxy) => ({ http_proxy: proxy, REQUEST_METHOD: 'GET' }), 'proxy'],
  ['HTTPS_PROXY of a CGI program is', 'https', (proxy) => ({ HTTPS_PROXY: proxy, REQUEST_METHOD: 'GET' }), 'proxy'],
  ['HTTP_PROXY wins over ALL_PROXY', 'http', (proxy, dead) => ({ ALL_PROXY: dead, HTTP_PROXY: proxy }), 'proxy'],
  ['a proxy without a scheme', 'http', (proxy) => ({ HTTP_PROXY: proxy.replace('http://', '') }), 'proxy'],
  ['a proxy without a scheme, https', 'https', (proxy) => ({ HTTPS_PROXY: proxy.replace('http://', '') }), 'proxy'],
  ['a dead proxy is not passed by', 'http', (proxy, dead) => ({ HTTP_PROXY: dead }), 'lost'],
  ['a dead proxy is not passed by, https', 'https', (proxy, dead) => ({ HTTPS_PROXY: dead }), 'lost'],
  ['NO_PROXY', 'http', (proxy) => ({ HTTP_PROXY: proxy, NO_PROXY: HOST }), 'direct'],
  ['no_proxy, https', 'https', (proxy) => ({ HTTPS_PROXY: proxy, no_proxy: HOST }), 'direct'],
  ['NO_PROXY of another host', 'https', (proxy) => ({ HTTPS_PROXY: proxy, NO_PROXY: 'example.com,host' }), 'proxy'],
  ['no_proxy wins', 'http', (proxy) => ({ HTTP_PROXY: proxy, no_proxy: 'example.com', NO_PROXY: HOST }), 'proxy'],
  ['an empty NO_PROXY', 'http', (proxy) => ({ HTTP_PROXY: proxy, NO_PROXY: '' }), 'proxy'],
  // A proxy for http reads the token.
  ['this machine needs no proxy', 'http', (proxy) => ({ HTTP_PROXY: proxy, ALL_PROXY: proxy }), 'here'],
  ['this machine needs no proxy, https', 'https', (proxy) => ({ HTTPS_PROXY: proxy, ALL_PROXY: proxy }), 'here'],
];

describe('proxies', { concurrency: 2 }, () => {
  let certificates;
  let collectors;
  let dead;
  before(async () => {
    certificates = makeCertificates();
    const [http, https] = [await startServer((req, res) => res.end('{}')), await startServer((req, res) => res.end('{}'), certificates)];
    collectors = { http, https };
    dead = await refusedUrl();
  });
  after(async () => {
    await Promise.all(Object.values(collectors).map((collector) => collector.close()));
    certificates.remove();
  });

  const url = ({ url }, host = HOST) => url.replace('127.0.0.1', host);

  // One child; its requests are told from those of others by their path.
  async function run(name, scheme, env, host) {
    const project = name.replaceAll(/\W+/g, '-');
    const endpoint = url(collectors[scheme], host);
    const result = await runFixture('export-and-end.mjs', {
      URL: endpoint, COUNT: '3', TOKEN, MAX_RETRIES: '1', MASTRA_PROJECT_ID: project, NODE_EXTRA_CA_CERTS: certificates.caPath, ...env,
    });
    assert.deepEqual([result.code, result.signal], [0, null], result.stderr);
    const arrived = collectors[scheme].requests.filter(({ path }) => path.startsWith(`/projects/${project}/`));
    return { ...result, output: result.stdout + result.stderr, arrived, endpoint };
  }

  for (const [name, scheme, env, way] of CASES) {
    test(name, async () => {
      const proxy = await startProxy();
      try {
        const host = { direct: NOWHERE, here: 'localhost' }[way];
        const { arrived, output, endpoint } = await run(name, scheme, env(`http://${proxy.host}`, dead), host);
        const arrives = way === 'proxy' || way === 'here';
        assert.equal(arrived.length, arrives ? 1 : 0, output);
        assert.equal(FAILED.test(output), !arrives, output);
        assert.equal(UNKNOWN_HOST.test(output), way === 'direct', output);
        assert.equal(proxy.forwarded.length, way === 'proxy' && scheme === 'http' ? 1 : 0);
        assert.deepEqual(proxy.tunnels.map(({ target }) => target), way === 'proxy' && scheme === 'https' ? [new URL(endpoint).host] : []);
        for (const { headers, text } of arrived) {
          assert.equal(headers.authorization, `Bearer ${TOKEN}`);
          assert.equal(JSON.parse(text).spans.length, 3);
        }
        assert.ok(!output.includes(TOKEN));
      } finally {
        await proxy.close();
      }
    });
  }

  test('a proxy of https sees neither token nor records', async () => {
    const proxy = await startProxy();
    try {
      const { arrived } = await run('sees nothing', 'https', { HTTPS_PROXY: `http://${proxy.host}` });
      assert.equal(arrived.length, 1);
      const [{ headers }] = proxy.tunnels;
      assert.deepEqual([headers.authorization, headers['x-mastra-observability-capabilities']], [undefined, undefined]);
      const bytes = Buffer.concat(proxy.bytes);
      assert.ok(bytes.length > 1000, 'it has carried the request');
      for (const text of [TOKEN, 'Bearer', 'spans', 'agent run', '/projects/']) assert.equal(bytes.indexOf(text), -1, text);
    } finally {
      await proxy.close();
    }
  });

  // The logs have an address of their own here; [name, host of the traces, scheme of the logs, environment, do the
  // traces arrive?]
  const port = ({ url }) => new URL(url).port;
  const TWO_ADDRESSES = [
    ['traces to this machine, logs through a proxy', 'localhost', 'http', (proxy) => ({ HTTP_PROXY: proxy }), true],
    ['one host, https through a proxy and http without', NOWHERE, 'https', (proxy) => ({ HTTPS_PROXY: proxy }), false],
    ['one host, one of its ports in NO_PROXY', NOWHERE, 'http', (proxy) => ({ HTTP_PROXY: proxy, NO_PROXY: `${HOST}:${port(collectors.http)}` }), false],
  ];
  for (const [name, host, scheme, env, tracesArrive] of TWO_ADDRESSES) {
    test(name, async () => {
      const proxy = await startProxy();
      const other = await startServer((req, res) => res.end('{}'), scheme === 'https' ? certificates : undefined);
      try {
        const { arrived, output } = await run(name, 'http', { LOGS_URL: url(other), ...env(`http://${proxy.host}`) }, host);
        assert.deepEqual([arrived.length, other.requests.length], [Number(tracesArrive), 1], output);
        const asked = [...proxy.forwarded.map(({ url: forwarded }) => new URL(forwarded).host), ...proxy.tunnels.map(({ target }) => target)];
        assert.deepEqual(asked, [new URL(url(other)).host]);
      } finally {
        await Promise.all([proxy.close(), other.close()]);
      }
    });
  }

  for (const scheme of ['http', 'https']) {
    test(`credentials of the proxy are for the proxy, ${scheme}`, async () => {
      const proxy = await startProxy();
      try {
        const { arrived, output } = await run(`credentials ${scheme}`, scheme, { [`${scheme.toUpperCase()}_PROXY`]: `http://user:p%40ss@${proxy.host}` });
        const [{ headers }] = [...proxy.forwarded, ...proxy.tunnels];
        assert.equal(headers['proxy-authorization'], `Basic ${Buffer.from('user:p@ss').toString('base64')}`);
        assert.equal(arrived.length, 1, output);
        assert.equal(arrived[0].headers['proxy-authorization'], undefined);
      } finally {
        await proxy.close();
      }
    });

    test(`a proxy that turns us away, ${scheme}`, async () => {
      const proxy = await startProxy({ refuse: 407 });
      try {
        const { arrived, output } = await run(`turned away ${scheme}`, scheme, { [`${scheme.toUpperCase()}_PROXY`]: `http://user:s3cr3t@${proxy.host}` });
        assert.equal(arrived.length, 0);
        assert.match(output, FAILED);
        for (const secret of ['s3cr3t', Buffer.from('user:s3cr3t').toString('base64'), TOKEN]) assert.ok(!output.includes(secret), output);
      } finally {
        await proxy.close();
      }
    });
  }

  // Telemetry is not lost for a setting that is meant for something else.
  for (const [name, value] of [['no URL', 'http://user:s3cr3t@'], ['of another kind', 'ftp://user:s3cr3t@127.0.0.1:21'], ['no text of a URL', ':::s3cr3t']]) {
    test(`a proxy that is ${name}: one warning without its text, then directly`, async () => {
      const { arrived, output } = await run(`a proxy ${name}`, 'http', { ALL_PROXY: value, NO_PROXY: 'example.com' }, NOWHERE);
      assert.equal(arrived.length, 0);
      assert.match(output, UNKNOWN_HOST);
      const warnings = output.match(/CloudExporter ignores a proxy that is not an http, https or SOCKS URL and sends directly/g);
      assert.equal(warnings?.length, 1, output);
      assert.match(output, /ALL_PROXY/);
      assert.ok(!output.includes('s3cr3t'), output);
    });
  }

  for (const scheme of ['http', 'https']) {
    test(`a SOCKS proxy, ${scheme}`, async () => {
      const proxy = await startSocks();
      const variable = scheme === 'http' ? 'all_proxy' : 'ALL_PROXY';
      try {
        const { arrived, output } = await run(`SOCKS ${scheme}`, scheme, { [variable]: `socks5h://us3r:s3cr3t@${proxy.host}` });
        assert.equal(arrived.length, 1, output);
        assert.deepEqual(proxy.seen, [{ host: HOST, port: Number(port(collectors[scheme])), user: 'us3r', password: 's3cr3t' }]);
        assert.ok(!output.includes('s3cr3t'), output);
      } finally {
        await proxy.close();
      }
    });
  }

  // A name that only the proxy can look up, or an address of nobody (RFC 5737).
  for (const [scheme, host] of [['socks4', '192.0.2.1'], ['socks4a', HOST], ['socks5', '192.0.2.1'], ['socks5h', HOST]]) {
    test(`a proxy of ${scheme}:// gets ${host === HOST ? 'the name' : 'the address'}`, async () => {
      const proxy = await startSocks();
      try {
        const { arrived, output } = await run(`a proxy of ${scheme}`, 'http', { ALL_PROXY: `${scheme}://${proxy.host}` }, host);
        assert.deepEqual(proxy.seen, [{ host, port: Number(port(collectors.http)) }], output);
        assert.equal(arrived.length, 1, output);
      } finally {
        await proxy.close();
      }
    });
  }

  test('a proxy that is spoken to by TLS is trusted as a collector is', async () => {
    const project = 'proxied-by-tls';
    const { code, stdout, stderr } = await runFixture('export-and-end.mjs', {
      URL: 'http://collector.invalid', COUNT: '3', TOKEN, MAX_RETRIES: '1', MASTRA_PROJECT_ID: project,
      NODE_EXTRA_CA_CERTS: certificates.caPath, HTTP_PROXY: collectors.https.url.replace('127.0.0.1', 'localhost'),
    });
    assert.equal(code, 0, stderr);
    const paths = collectors.https.requests.map(({ path }) => path).filter((path) => path.includes(project));
    assert.deepEqual(paths, [`http://collector.invalid/projects/${project}/ai/spans/publish`], stdout + stderr);
  });
});
