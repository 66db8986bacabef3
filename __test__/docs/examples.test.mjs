// The examples run, and their spans arrive.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startCollector } from '../../examples/demo/collector.mjs';
import { reservedPort } from '../support/outage.mjs';

const example = (path) => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));

let collector;
beforeEach(async () => { collector = await startCollector(); });
afterEach(() => collector.close());

/** Runs a program to its end with the token and address of the collector; returns what it printed. */
async function run(...args) {
  const { code, signal, output } = await ended(...args);
  assert.ok(code === 0 || signal === 'SIGKILL', output);
  return output;
}

async function ended(...args) {
  const env = { ...process.env, MASTRA_PLATFORM_ACCESS_TOKEN: 'token', MASTRA_CLOUD_TRACES_ENDPOINT: collector.url, MASTRA_TELEMETRY_DISABLED: '1' };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += chunk; });
  const [code, signal] = await once(child, 'close');
  return { code, signal, output };
}

const names = () => collector.requests.flatMap(({ body }) => body.spans ?? []).map(({ name }) => name);

test('minimal', async () => {
  const output = await run(example('minimal/app.mjs'));
  const [, accepted, delivered] = /spans: (\d+) accepted, (\d+) delivered \{\}/.exec(output);
  assert.ok(Number(accepted) > 0);
  assert.equal(delivered, accepted);
  assert.equal(names().length, Number(accepted));
});

test('demo: sends to the collector that its options name, and prints no token', async () => {
  const output = await run(example('demo/main.mjs'), '--endpoint', collector.url, '--token', 'a-token');
  assert.ok(names().length > 0);
  assert.deepEqual([...new Set(collector.requests.map(({ headers }) => headers.authorization))], ['Bearer a-token']);
  assert.ok(!output.includes('a-token'));
  const times = (label) => new RegExp(`^  ${label} +([\\d.]+) ms +([\\d.]+) ms$`, 'm').exec(output)?.slice(1).map(Number) ?? [];
  assert.match(output, /with the exporter   the same run without one/);
  for (const label of ['run', 'shutdown, final flush', 'longest event-loop delay']) assert.equal(times(label).length, 2, `${label} in ${output}`);
});

// [what is wrong, the collector's answer; none: nobody listens, the cause, what to try]
for (const [what, answer, cause, advice] of [
  ['a collector that is not there', undefined, /Connection refused/, /listens there; `npm run collector` starts one/],
  ['a token that the collector does not take', { status: 401 }, /status: 401/, /the token of this collector with --token/],
  ['a collector that takes no such request', { status: 404 }, /status: 404/, /docs\/troubleshooting\.md/],
]) {
  test(`demo: ${what}: it says the cause and what to try, and no token`, async () => {
    const other = answer && await startCollector({ answer: () => answer });
    try {
      const endpoint = other?.url ?? `http://127.0.0.1:${await reservedPort()}`;
      const { code, output } = await ended(example('demo/main.mjs'), '--endpoint', endpoint, '--token', 'a-s3cret');
      assert.equal(code, 1, output);
      const [, from, said] = /^The last error, from (\S+): (.*)\nWhat to try: .*$/m.exec(output) ?? [];
      assert.ok(from?.startsWith(`${endpoint}/ai/`), output);
      assert.match(said, cause);
      assert.match(output, new RegExp(`^What to try: .*${advice.source}`, 'm'));
      assert.ok(!output.includes('a-s3cret'), output);
    } finally {
      await other?.close();
    }
  });
}

test('worker', async () => {
  assert.match(await run(example('worker/main.mjs')), /the worker has ended its span/);
  assert.deepEqual(names(), ['job']);
});

test('lambda', async () => {
  // The platform freezes the process after the answer: nothing that comes later may help.
  const call = `import { handler } from ${JSON.stringify(new URL('../../examples/lambda/handler.mjs', import.meta.url).href)};
    const answer = await handler({ prompt: 'hi' });
    process.stdout.write(JSON.stringify(answer), () => process.kill(process.pid, 'SIGKILL'));`;
  assert.match(await run('--input-type=module', '--eval', call), /\{"text":"You said: hi"\}/);
  assert.deepEqual(names(), ['request']);
});

// There is no Docker here: the command runs as its files say, with a directory in place of the volume.
test('docker: killed while the collector is down, the next container delivers', async (t) => {
  const read = (name) => readFileSync(example(`docker/${name}`), 'utf8');
  const steps = read('Dockerfile').split('\n').filter((line) => /^[A-Z]+ /.test(line));
  const of = (word) => steps.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  const [[volume], [program, ...args]] = [of('VOLUME'), JSON.parse(of('CMD')[0])];
  assert.deepEqual([of('USER'), program], [['node'], 'node']);
  assert.ok(of('RUN').some((line) => line.includes(`chown node:node ${volume}`)), 'the user may write there');

  const [, web] = /^  web:\n([^]*?)\n\n/m.exec(read('compose.yaml'));
  const [, settings] = /environment:\n((?: {6}.*\n)+)/.exec(web);
  const environment = Object.fromEntries(settings.trim().split('\n').map((line) => line.trim().split(': ')));
  assert.match(web, new RegExp(`volumes: \\["\\w+:${volume}"\\]`));
  assert.equal(environment.MASTRA_NATIVE_SPOOL_DIRECTORY, volume);
  assert.equal(environment.MASTRA_PLATFORM_ACCESS_TOKEN, '${MASTRA_CLOUD_ACCESS_TOKEN:?}');
  assert.ok(Object.keys(JSON.parse(read('package.json')).dependencies).includes('mastra-native-exporter'));

  const directory = mkdtempSync(join(tmpdir(), 'example-docker-'));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const source of of('COPY').flatMap((line) => line.split(' ').slice(0, -1))) cpSync(example(`docker/${source}`), join(directory, source));
  // In place of `npm install`.
  mkdirSync(join(directory, 'node_modules'));
  for (const [name, path] of [['@mastra', 'node_modules/@mastra'], ['mastra-native-exporter', '.']]) {
    symlinkSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), join(directory, 'node_modules', name), 'junction');
  }
  const start = async (url) => {
    const env = { ...process.env, ...environment, PORT: '0', MASTRA_PLATFORM_ACCESS_TOKEN: 'token', MASTRA_CLOUD_TRACES_ENDPOINT: url, MASTRA_NATIVE_SPOOL_DIRECTORY: join(directory, 'volume') };
    const child = spawn(process.execPath, args, { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
    t.after(() => child.kill('SIGKILL'));
    const container = { child, output: '', closed: once(child, 'close') };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => { container.output += text; });
    container.wrote = async (pattern) => {
      while (!pattern.test(container.output)) {
        const said = [child.stdout, child.stderr].map((stream) => once(stream, 'data'));
        await Promise.race([...said, container.closed.then(() => assert.fail(container.output))]);
      }
    };
    await container.wrote(/^http:/m);
    container.ask = () => fetch(/^http:\S+/m.exec(container.output)[0]).then((response) => response.text());
    return container;
  };

  const port = await reservedPort();
  const killed = await start(`http://127.0.0.1:${port}`);
  assert.equal(await killed.ask(), 'Hello\n');
  await killed.wrote(/cannot deliver to /);
  killed.child.kill('SIGKILL');
  await killed.closed;
  await collector.close();
  collector = await startCollector({ port });
  const next = await start(collector.url);
  await collector.waitFor(() => names().length === 1);
  next.child.kill('SIGTERM');
  assert.deepEqual(await next.closed, [0, null], next.output);
  assert.match(next.output, /spans: 1 delivered, 0 kept for the next start/);
  assert.deepEqual(names(), ['request']);
});
