// The command line.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { createServer } from 'node:net';

import { makeCertificates } from '../../__test__/support/certificates.mjs';
import { parseOptions } from '../src/options.mjs';
import { runCollector } from './support/collector.mjs';
import { test } from './support/test.mjs';

test('every bad value is refused with its option, the value and what is allowed', () => {
  for (const [args, message] of [
    [['--port', '70000'], /--port 70000: 0 to 65535/],
    [['--port', 'x'], /--port x: 0 to 65535/],
    [['--retention', '7'], /--retention 7: a whole number .* with h, d or w/],
    [['--retention', '0d'], /--retention 0d: /],
    [['--retention', '1.5d'], /--retention 1\.5d: /],
    [['--store', 'mysql://u:secret@h/d'], /--store mysql: is not supported: postgres/],
    [['--store', 'traces.db'], /--store \(not a URL\) is not supported/],
    [['--store', 'postgres:///x'], /with a host/],
    [['--data', ''], /--data is empty/],
    [['--data', 'a', '--store', 'postgres://h/d'], /--data and --store exclude each other/],
    [['--token', 'two words'], /--token: only visible ASCII/],
    [['--studio-token', 'two words'], /--studio-token: only visible ASCII/],
    [['--host', '192.168.0.1'], /--host 192\.168\.0\.1 .* give --token .* and --studio-token/],
    [['--host', '192.168.0.1', '--token', 't'], /other machines: give --studio-token/],
    [['--host', '192.168.0.1', '--studio-token', 't'], /other machines: give --token/],
    [['--token', 'same', '--studio-token', 'same'], /--studio-token equals the token of the exporters/],
    [['--tokens', 'x'], /Unknown option '--tokens'[^]*Usage:/],
    [['here'], /Unexpected argument 'here'[^]*Usage:/],
  ]) {
    assert.throws(() => parseOptions(args, {}), error => {
      assert.match(error.message, message);
      assert.ok(!error.message.includes('secret') && !error.message.includes('two words'));
      return true;
    }, args.join(' '));
  }
});

test('defaults, and what is given', () => {
  assert.deepEqual(parseOptions([], {}), {
    store: 'file:mastra-traces.duckdb', tokens: [], tokenFile: 'mastra-traces.duckdb.token', studioToken: undefined,
    host: '127.0.0.1', port: 4112, retentionMs: undefined,
  });
  const args = ['--store', 'postgres://h/d', '--host', '::', '--port', '0', '--retention', '2w', '--token', 't', '--studio-token', 's'];
  assert.deepEqual(parseOptions(args, { MASTRA_CLOUD_ACCESS_TOKEN: 'other', MASTRA_COLLECTOR_STUDIO_TOKEN: 'other' }), {
    store: 'postgres://h/d', tokens: ['t'], tokenFile: 'mastra-collector.token', studioToken: 's',
    host: '::', port: 0, retentionMs: 2 * 7 * 86_400_000,
  });
  assert.equal(parseOptions(['--retention', '12h'], {})?.retentionMs, 12 * 3_600_000);
  assert.equal(parseOptions(['--data', ':memory:'], {})?.tokenFile, undefined);
});

test('tokens of the environment: those of both exporters publish', () => {
  const tokens = env => parseOptions([], env)?.tokens;
  assert.deepEqual(tokens({ MASTRA_CLOUD_ACCESS_TOKEN: 'cloud' }), ['cloud']);
  assert.deepEqual(tokens({ MASTRA_PLATFORM_ACCESS_TOKEN: 'platform' }), ['platform']);
  assert.deepEqual(tokens({ MASTRA_CLOUD_ACCESS_TOKEN: 'cloud', MASTRA_PLATFORM_ACCESS_TOKEN: 'platform' }), ['cloud', 'platform']);
  assert.deepEqual(tokens({ MASTRA_CLOUD_ACCESS_TOKEN: 'one', MASTRA_PLATFORM_ACCESS_TOKEN: 'one' }), ['one']);
  assert.deepEqual(tokens({ MASTRA_CLOUD_ACCESS_TOKEN: '' }), []);
  assert.equal(parseOptions([], { MASTRA_COLLECTOR_STUDIO_TOKEN: 'studio' })?.studioToken, 'studio');
});

test('--help prints every option; a store that cannot be opened is named without its password', async () => {
  const { code, stdout } = await runCollector(['--help']);
  assert.equal(code, 0);
  for (const option of ['data', 'store', 'token', 'studio-token', 'host', 'port', 'retention', 'help']) assert.ok(stdout.includes(`--${option}`));

  const failed = await runCollector(['--store', 'postgres://me:secret@127.0.0.1:1/traces']);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /^Postgres 127\.0\.0\.1:1\/traces cannot be opened: .*ECONNREFUSED/);
  assert.ok(!failed.stderr.includes('secret'));
  assert.equal((await runCollector(['--port', 'x'])).code, 2);
});

test('PGPASSWORD is the password where the URL of the store has none', async t => {
  // As much of a Postgres server as it takes to be told a password (AuthenticationCleartextPassword).
  const told = [];
  const server = createServer(socket => {
    socket.once('data', () => {
      socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
      socket.once('data', message => { told.push(message.subarray(5, -1).toString()); socket.destroy(); });
    });
    socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { code, stderr } = await runCollector(['--store', `postgres://me@127.0.0.1:${server.address().port}/traces`], { PGPASSWORD: 'from-the-environment' });
  assert.equal(code, 1);
  assert.ok(told.length > 0 && told.every(password => password === 'from-the-environment'), told.join());
  assert.ok(!stderr.includes('from-the-environment'));
});

test('clickhouses:// speaks TLS with a server whose certificate it can check, and sends the password to no other', async t => {
  const certificates = makeCertificates();
  t.after(() => certificates.remove());
  // As much of a ClickHouse server as it takes to be asked something.
  const asked = [];
  const server = createHttpsServer(certificates, ({ headers }, response) => {
    asked.push(Buffer.from(headers.authorization?.slice('Basic '.length) ?? '', 'base64').toString());
    response.writeHead(500).end('Code: 1. DB::Exception: not a real server');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const args = ['--store', `clickhouses://me:secret@localhost:${server.address().port}/traces`];
  const untrusted = await runCollector(args);
  assert.equal(untrusted.code, 1);
  assert.match(untrusted.stderr, /^ClickHouse localhost:\d+\/traces cannot be opened: .*certificate/);
  assert.deepEqual(asked, []);
  const trusted = await runCollector(args, { NODE_EXTRA_CA_CERTS: certificates.caPath });
  assert.equal(trusted.code, 1);
  assert.match(trusted.stderr, /not a real server/);
  assert.ok(asked.length > 0 && asked.every(credentials => credentials === 'me:secret'), asked.join());
  assert.ok(![untrusted, trusted].some(({ stderr }) => stderr.includes('secret')));
});
