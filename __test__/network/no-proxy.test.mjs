// Which endpoints NO_PROXY names, as curl and Go read it, and which stay on this machine anyway.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { facadeModule } from '../support/facade.mjs';

const { environmentProxies } = await facadeModule('network/proxies');
const { isExempt } = await facadeModule('network/no-proxy');

// [NO_PROXY, hosts that are reached directly, hosts that are not]. Hosts are of https unless a scheme is given.
// curl reads a leading dot as none; Go and this package leave out the domain itself.
const TABLE = [
  ['', [], ['example.com']],
  ['*', ['example.com', '10.0.0.1', '[fd00::1]'], []],
  ['a.example, *', ['example.com'], []],
  ['example.com', ['example.com', 'EXAMPLE.com', 'example.com.', 'sub.example.com', 'a.b.example.com', 'example.com:8443'], ['notexample.com', 'example.com.evil.org', 'example.org', 'com']],
  ['EXAMPLE.com.', ['example.com', 'sub.example.com'], ['notexample.com']],
  ['.example.com', ['sub.example.com', 'a.b.example.com'], ['example.com', 'notexample.com']],
  ['*.example.com', ['sub.example.com', 'a.b.example.com'], ['example.com', 'notexample.com']],
  ['com', ['example.com'], ['example.org']],
  ['a.example,example.com;b.example', ['a.example'], ['example.com', 'b.example']],
  ['a.example, example.com ,\tb.example c.example', ['a.example', 'example.com', 'b.example', 'c.example'], ['d.example']],
  [',, ,', [], ['example.com']],
  ['example.com:443', ['example.com', 'sub.example.com', 'http://example.com:443'], ['example.com:8443', 'http://example.com']],
  ['example.com:80', ['http://example.com'], ['example.com']],
  ['.example.com:8443', ['sub.example.com:8443'], ['sub.example.com', 'example.com:8443']],
  ['bücher.example', ['xn--bcher-kva.example', 'bücher.example', 'a.bücher.example'], ['bucher.example']],
  ['10.0.0.1', ['10.0.0.1', '10.0.0.1:8443'], ['10.0.0.10', '10.0.0.1.example', '110.0.0.1']],
  ['10.0.0.1:8443', ['10.0.0.1:8443'], ['10.0.0.1']],
  ['0.1', [], ['10.0.0.1']],
  ['.0.0.1', [], ['10.0.0.1']],
  ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255', '10.1.2.3:8443', '[::ffff:10.1.2.3]'], ['11.0.0.0', '9.255.255.255', 'ten.example', '[a00::1]']],
  ['192.168.1.77/24', ['192.168.1.1', '192.168.1.255'], ['192.168.2.1']],
  ['0.0.0.0/0', ['8.8.8.8'], ['example.com', '[2001:db8::1]']],
  ['fd00::/8', ['[fd00::1]', '[fdff::1]:8443'], ['[fe00::1]', '10.0.0.1']],
  ['10.0.0.1', ['[::ffff:10.0.0.1]'], ['[::ffff:10.0.0.2]']],
  ['::ffff:10.0.0.0/104', ['[::ffff:10.1.2.3]'], ['[::ffff:11.0.0.1]']],
  ['2001:db8:1::/48', ['[2001:db8:1:ffff::1]', '[2001:DB8:1::]:8443'], ['[2001:db8:2::1]', '[::ffff:10.0.0.1]']],
  ['::/0', ['[2001:db8::1]'], ['example.com']],
  ['.local', ['printer.local', 'a.b.local', 'printer.local.'], ['local', 'mylocal', 'local.example']],
  ['local', ['printer.local', 'local'], ['mylocal']],
  ['collector.local:4112', ['http://collector.local:4112'], ['http://collector.local', 'collector.local']],
  ['*:8443', [], ['example.com:8443', '10.0.0.1:8443']],
  ['. ,*.', [], ['example.com', '10.0.0.1']],
  ['fd00::1', ['[fd00::1]', '[fd00:0:0::1]', '[FD00::1]'], ['[fd00::2]']],
  ['[fd00::1]', ['[fd00::1]', '[fd00::1]:8443'], ['[fd00::2]']],
  ['[fd00::1]:8443', ['[fd00::1]:8443'], ['[fd00::1]']],
  // None of these is an address, a range or a name: they name nothing and do no harm.
  ['10.0.0.0/33 10.0.0.0/-1,10.0.0.0/x,10.0.0.0/,/8,10.0.0.0/8/8,300.0.0.1/8,[fd00::1,::/129,:::,a b%%,https://example.com', [], ['10.0.0.1', '[fd00::1]', 'example.com', '0.0.0.1']],
];

describe('NO_PROXY', () => {
  for (const [noProxy, direct, proxied] of TABLE) {
    test(JSON.stringify(noProxy), () => {
      const urls = (hosts) => hosts.map((host) => new URL(host.includes('://') ? host : `https://${host}`));
      assert.deepEqual(urls(direct).filter((url) => !isExempt(url, noProxy)).map(String), [], 'these are to be reached directly');
      assert.deepEqual(urls(proxied).filter((url) => isExempt(url, noProxy)).map(String), [], 'these are not');
    });
  }
});

describe('this machine', () => {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]);
  const saved = Object.fromEntries(names.map((name) => [name, process.env[name]]));
  after(() => {
    for (const [name, value] of Object.entries(saved)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  // [host, is it this machine?]
  const HOSTS = [
    ['localhost', true], ['LOCALHOST', true], ['localhost.', true], ['app.localhost', true], ['127.0.0.1', true], ['127.1.2.3', true], ['127.1', true],
    ['127.0.0.1.', true], ['0x7f.1', true], ['2130706433', true], ['0177.0.0.1', true],
    ['[::1]', true], ['[0:0:0:0:0:0:0:1]', true], ['[::ffff:127.0.0.1]', true], ['[::ffff:7f00:1]', true], ['0.0.0.0', true], ['[::]', true],
    ['[::ffff:10.0.0.1]', false], ['[::127.0.0.1]', false], ['localhost.localdomain', false],
    ['localhost.example', false], ['notlocalhost', false], ['128.0.0.1', false], ['[::2]', false], ['127.0.0.1.example', false], ['10.0.0.1', false],
  ];
  for (const [host, here] of HOSTS) {
    test(`${host}: ${here ? 'never through a proxy' : 'through the proxy'}`, () => {
      for (const name of names) delete process.env[name];
      Object.assign(process.env, { HTTP_PROXY: 'http://proxy:1', HTTPS_PROXY: 'http://proxy:2', ALL_PROXY: 'http://proxy:3' });
      const { urls } = environmentProxies([`http://${host}:4112/ai/spans/publish`, `https://${host}`]);
      assert.deepEqual(urls, here ? [null, null] : ['http://proxy:1', 'http://proxy:2']);
    });
  }
});
