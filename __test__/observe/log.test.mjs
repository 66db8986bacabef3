// The log: not too many lines, and never the token.
import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { inspect } from 'node:util';
import { runOurs } from '../support/both.mjs';
import { withEnv } from '../support/env.mjs';
import { makeSpan, sendAll, SIGNALS, spanEvent } from '../support/events.mjs';
import { facadeModule } from '../support/facade.mjs';
import { recordingLogger } from '../support/logger.mjs';
import { refusedUrl } from '../support/server.mjs';
import { OurExporter, OurPlatformExporter } from '../support/sides.mjs';

const PASS = 10;
const { logs } = SIGNALS;
const lines = ({ calls }, level, text) => calls.filter(({ level: its, args: [message] }) => its === level && String(message).includes(text));
const flushSignal = async ({ exporter }, signal) => {
  await SIGNALS[signal].send(exporter, 'x');
  await exporter.flush();
};
const flushOne = (run) => flushSignal(run, 'logs');
const times = (count, act) => async (run) => {
  for (let i = 0; i < count; i++) await act(run);
};
const fail = (status) => () => ({ status });
const failAlways = { options: { maxRetries: 1 }, answer: fail(500) };

// [name, scenario, level, text, lines]
const LIMITED = [
  ['ten failures all pass', { ...failAlways, drive: times(10, flushOne) }, 'error', 'Batch upload failed', 10],
  ['an eleventh does not', { ...failAlways, drive: times(11, flushOne) }, 'error', 'Batch upload failed', PASS],
  ['thirty failures', { ...failAlways, drive: times(30, flushOne) }, 'error', 'Batch upload failed', PASS],
  ['thirty failures, tracked', { ...failAlways, drive: times(30, flushOne) }, 'trackException', 'Error', PASS],
  ['thirty failures, the line of the batch', { ...failAlways, drive: times(30, flushOne) }, 'warn', 'Batch flush completed', PASS],
  ['each signal by itself', { ...failAlways, drive: times(12, async ({ exporter }) => { await sendAll(exporter); await exporter.flush(); }) }, 'error', 'Batch upload failed', 5 * PASS],
  ['replaced values', { drive: times(30, ({ exporter }) => exporter.exportTracingEvent(spanEvent(makeSpan('s', { input: 1n })))) }, 'warn', 'Replaced values', PASS],
  ['malformed events', { drive: times(30, ({ exporter }) => exporter.exportTracingEvent(undefined)) }, 'warn', 'Ignored a malformed event', PASS],
  ['records that are too large', { options: { maxRecordBytes: 1024 }, drive: times(30, ({ exporter }) => logs.send(exporter, 'l', { text: 'x'.repeat(2000) })) }, 'warn', 'Dropped a record', PASS],
  ['records too large for the collector', { answer: fail(413), drive: times(30, flushOne) }, 'warn', 'Dropped a record', PASS],
  ['what is well is not limited', { drive: times(30, flushOne) }, 'debug', 'Batch flushed successfully', 30],
];

describe('repeated messages', { concurrency: true }, () => {
  for (const [name, scenario, level, text, expected] of LIMITED) {
    test(name, async () => {
      const run = await runOurs(scenario);
      const found = lines(run, level, text);
      assert.equal(found.length, expected);
      for (const { args } of found) assert.ok(!inspect(args, { depth: 9 }).includes('suppressedMessages'), 'none was held back before it');
    });
  }

  test('one message does not use up another', async () => {
    const run = await runOurs({ ...failAlways, drive: async (it) => {
      await times(30, flushOne)(it);
      await flushSignal(it, 'scores');
      await it.exporter.exportTracingEvent(undefined);
    } });
    assert.equal(lines(run, 'error', 'Batch upload failed').length, PASS + 1);
    assert.equal(lines(run, 'warn', 'malformed').length, 1);
  });

  test('each exporter has its own', async () => {
    for (let i = 0; i < 2; i++) assert.equal(lines(await runOurs({ ...failAlways, drive: times(11, flushOne) }), 'error', 'Batch upload failed').length, PASS);
  });
});

test('repeated messages: then one after a minute, after two, after four, with the number of the others', async () => {
  const { RepeatLimit } = await facadeModule('log/limit');
  const limit = new RepeatLimit();
  let nowMs = 1_000_000;
  const passed = [];
  const minute = (count) => { nowMs += count * 60_000; };
  const repeated = (count) => {
    for (let i = 0; i < count; i++) passed.push(limit.pass(nowMs));
    return passed.filter((suppressed) => suppressed !== undefined);
  };
  const tenZeros = Array(10).fill(0);
  assert.deepEqual(repeated(15), tenZeros);
  minute(1);
  assert.deepEqual(repeated(4), [...tenZeros, 5]);
  minute(1);
  assert.deepEqual(repeated(1), [...tenZeros, 5], 'the second pause is two minutes');
  minute(1);
  assert.deepEqual(repeated(1), [...tenZeros, 5, 4]);
  minute(3);
  assert.deepEqual(repeated(1), [...tenZeros, 5, 4]);
  minute(1);
  assert.deepEqual(repeated(1), [...tenZeros, 5, 4, 1]);
  minute(61);
  assert.deepEqual(repeated(11), [...tenZeros, 5, 4, 1, ...tenZeros], 'after a quiet hour it is news again');
});

describe('a lost batch says after how many attempts', { concurrency: true }, () => {
  // [status, options, text, attempts]. Mastra's JavaScript exporters always say "after all retries".
  const CASES = [
    [404, {}, 'after 1 attempt', 1],
    [410, { maxRetries: 3 }, 'after 1 attempt', 1],
    [500, { maxRetries: 1 }, 'after all retries', 1],
    [503, { maxRetries: 2 }, 'after all retries', 2],
    [429, { maxRetries: 1 }, 'after all retries', 1],
  ];
  for (const [status, options, text, attempts] of CASES) {
    test(`${status}, ${JSON.stringify(options)}: ${text}`, async () => {
      const run = await runOurs({ options, answer: () => ({ status, body: 'because\u0007it is so' }), drive: flushOne });
      const [{ args: [message, { id, details, cause }] }] = lines(run, 'error', 'Batch upload failed');
      assert.equal(message, `Batch upload failed ${text}, dropping batch`);
      assert.equal(id, 'CLOUD_EXPORTER_FAILED_TO_BATCH_UPLOAD_LOGS');
      assert.match(details.endpoint, /^http:\/\/127\.0\.0\.1:\d+\/ai\/logs\/publish$/);
      assert.deepEqual([details.attempts, details.status, details.answer], [attempts, status, 'because it is so']);
      assert.match(cause.message, new RegExp(`${status}`));
    });
  }
});

describe('a rejected token', { concurrency: true }, () => {
  const HOST = /^http:\/\/127\.0\.0\.1:\d+\/ai\/logs\/publish$/;
  const said = async (scenario) => {
    const run = await runOurs({ drive: flushOne, ...scenario });
    const [{ args: [message, fields] }] = lines(run, 'warn', 'received an authentication failure');
    assert.match(message, /^\w+ received an authentication failure; pausing uploads for \d+s$/);
    assert.match(fields.endpoint, HOST);
    return fields;
  };
  for (const status of [401, 403]) {
    test(`${status}: the warning has the address, the status, and what the collector said, without the token`, async () => {
      const answer = ({ headers }) => ({ status, body: `{"error":"no such\u0007token: ${headers.authorization}"}\n${'x'.repeat(300)}` });
      const fields = await said({ answer });
      assert.equal(fields.status, status);
      assert.match(fields.answer, /^\{"error":"no such token: Bearer \[redacted\]"\} x+$/);
      assert.equal(fields.answer.length, 200);
      assert.ok(!('tokenVariable' in fields), 'the token is not of a variable');
    });
  }

  test('without a text there is none in the warning', async () => {
    assert.ok(!('answer' in await said({ answer: () => ({ status: 401, body: '' }) })));
  });

  for (const [kind, name] of [['cloud', 'MASTRA_CLOUD_ACCESS_TOKEN'], ['platform', 'MASTRA_PLATFORM_ACCESS_TOKEN']]) {
    test(`the variable of the token is named: ${name}`, async () => {
      const { tokenVariable } = await said({ kind, options: { accessToken: undefined }, env: { [name]: 'a-token' }, answer: fail(401) });
      assert.equal(tokenVariable, name);
    });
  }
});

test('records that the collector has refused in an answer of success are said, with its reason', async () => {
  const answer = () => ({ body: JSON.stringify({ refused: 2, reason: 'traceId is missing' }) });
  const run = await runOurs({ answer, drive: flushOne });
  const [{ args: [, fields] }] = lines(run, 'warn', 'CloudExporter: the collector took a request but not all of its records');
  assert.deepEqual({ ...fields, endpoint: undefined }, { signal: 'logs', endpoint: undefined, refusedRecords: 2, reason: 'traceId is missing' });
});

test('lines about one record say so', async () => {
  const { calls } = await runOurs({
    options: { endpoint: await refusedUrl(), shutdownTimeoutMs: 0 },
    drive: async ({ exporter, logger }) => {
      await logs.send(exporter, 'l');
      void exporter.flush();
      await logger.waitFor((all) => all.some(({ args: [text] }) => / cannot deliver to /.test(text)));
    },
  });
  assert.match(lines({ calls }, 'warn', ' cannot deliver to ')[0].args[0], /\/ai\/logs\/publish: tcp connect error: .+\. Waiting: 1 record, kept for up to 5 min$/);
  assert.match(lines({ calls }, 'warn', ' shutdown left ')[0].args[0], /^CloudExporter shutdown left 1 record undelivered; /);
});

test('an outage is said once, with address, cause and what waits; its end at info, with how long it was; each try at debug', async () => {
  let down = true;
  const { calls } = await runOurs({
    options: (url) => ({ endpoint: url.replace('//', '//user:s3cret@') }),
    answer: () => ({ status: down ? 503 : 200 }),
    drive: async ({ exporter, logger }) => {
      const logged = (text) => logger.waitFor((all) => all.some(({ args: [message] }) => message.includes(text)));
      for (const id of ['a', 'b', 'c']) await logs.send(exporter, id);
      void exporter.flush();
      await logged(' cannot deliver to ');
      down = false;
      await logged(' again after ');
    },
  });
  const address = 'http://127\\.0\\.0\\.1:\\d+/ai/logs/publish';
  const [said, ...more] = calls.filter(({ args: [message] }) => / cannot deliver to /.test(message));
  assert.deepEqual([said.level, more], ['warn', []]);
  assert.match(said.args[0], new RegExp(`^CloudExporter cannot deliver to ${address}: .*503 Service Unavailable\\. Waiting: 3 records, kept for up to 5 min$`));
  const [over] = calls.filter(({ args: [message] }) => / again after /.test(message));
  assert.equal(over.level, 'info');
  assert.match(over.args[0], new RegExp(`^CloudExporter delivers to ${address} again after \\d+ m?s; waiting: \\d records?$`));
  const tries = lines({ calls }, 'debug', 'CloudExporter will try again');
  assert.ok(tries.length >= 2, `${tries.length} tries`);
  assert.ok(!inspect(calls, { depth: 9 }).includes('s3cret'));
});

describe('a token that others could read', () => {
  const TEXT = 'sends its access token unencrypted; use https';
  // [name, options, hosts in the warning; none: no warning]
  const HOSTS = [
    ['https', { endpoint: 'https://collector.example.com' }, []],
    ['the default address', {}, []],
    ['localhost', { endpoint: 'http://localhost:4318' }, []],
    ['a name under localhost', { endpoint: 'http://collector.localhost' }, []],
    ['127.0.0.1', { endpoint: 'http://127.0.0.1:1' }, []],
    ['127.1.2.3', { endpoint: 'http://127.1.2.3:1' }, []],
    ['IPv6 loopback', { endpoint: 'http://[::1]:1' }, []],
    ['a host', { endpoint: 'http://collector.example.com' }, ['collector.example.com']],
    ['a host and a port', { endpoint: 'http://collector:8080' }, ['collector:8080']],
    ['a private address', { endpoint: 'http://10.0.0.1' }, ['10.0.0.1']],
    ['a name that begins like a loopback address', { endpoint: 'http://127.0.0.1.example.com' }, ['127.0.0.1.example.com']],
    ['a name that ends like localhost', { endpoint: 'http://notlocalhost' }, ['notlocalhost']],
    ['one signal of five', { endpoint: 'https://a.example.com', logsEndpoint: 'http://b.example.com' }, ['b.example.com']],
    ['two hosts', { tracesEndpoint: 'http://a.example.com', scoresEndpoint: 'http://b.example.com' }, ['a.example.com', 'b.example.com']],
    ['no token', { accessToken: undefined, endpoint: 'http://collector.example.com' }, []],
  ];
  for (const [Exporter, exporterName] of [[OurExporter, 'CloudExporter'], [OurPlatformExporter, 'MastraPlatformExporter']]) {
    for (const [name, options, hosts] of HOSTS) {
      test(`${name}, ${exporterName}`, () => {
        const logger = recordingLogger();
        withEnv({}, () => new Exporter({ accessToken: 't', logger, ...options }));
        const expected = hosts.length > 0 ? [[`${exporterName} ${TEXT}`, { hosts }]] : [];
        assert.deepEqual(logger.calls.filter(({ level }) => level === 'warn').map(({ args }) => args), expected);
      });
    }
  }
});

describe('the token is nowhere', { concurrency: true }, () => {
  const TOKEN = 'tok3n-that-nobody-may-see';
  const shown = (value) => inspect(value, { depth: 20, showHidden: true, getters: true, maxArrayLength: null, maxStringLength: null });

  // [name, scenario without options]
  const SCENARIOS = [
    ['delivered', {}],
    ...[400, 401, 403, 413, 500].map((status) => [`${status}`, { answer: fail(status) }]),
    ['402', { kind: 'platform', answer: fail(402) }],
    ['a redirect elsewhere', { answer: () => ({ status: 307, headers: { location: 'http://127.0.0.1:1/' } }) }],
    ['an answer that echoes it', { answer: ({ headers }) => ({ status: 500, body: headers.authorization }) }],
    ['a 401 that echoes it', { answer: ({ headers }) => ({ status: 401, body: `no such token: ${headers.authorization}` }) }],
    ['an answer of success that echoes it', { answer: ({ headers }) => ({ body: JSON.stringify({ refused: 1, reason: headers.authorization }) }) }],
    ['a reason phrase that echoes it', { handler: ({ headers }, response) => response.writeHead(500, headers.authorization).end() }],
    ['a broken connection', { answer: () => 'reset' }],
    ['a time limit', { answer: () => 'hang', own: { requestTimeoutMs: 100 } }],
    ['nobody listens', { endpoint: refusedUrl }],
    ['a name that does not resolve', { endpoint: async () => 'https://no-such-host.invalid' }],
    ['a token that no header can carry', { token: `${TOKEN}\nx` }],
    ['a token beyond latin-1', { token: `${TOKEN}ключ` }],
  ];
  for (const [name, { endpoint, own, token = TOKEN, ...scenario }] of SCENARIOS) {
    test(name, async () => {
      const url = endpoint ? { endpoint: await endpoint() } : {};
      const seen = [];
      const run = await runOurs({
        ...scenario,
        options: { accessToken: token, maxRetries: 1, ...own, ...url },
        drive: async ({ exporter }) => {
          exporter.init({ emitDropEvent: (event) => seen.push(event) });
          await sendAll(exporter);
          await exporter.exportTracingEvent(undefined);
          await exporter.flush();
          return exporter;
        },
      });
      const exporter = run.result;
      seen.push(run.calls, exporter.stats(), ...run.calls.flatMap(({ args }) => args.map((value) => [value?.stack, value?.cause?.stack, JSON.stringify(value)])));
      assert.ok(run.calls.length > 0);
      assert.ok(!shown(seen).includes(TOKEN), 'in the log, the statistics or a drop event');
      assert.ok(!shown(exporter).includes(TOKEN), 'in inspect(exporter)');
      assert.ok(!String(JSON.stringify(exporter)).includes(TOKEN), 'in JSON.stringify(exporter)');
    });
  }

  test('nor in an error of the constructor', () => {
    for (const bad of [{ endpoint: 'no' }, { projectId: 'a/b' }, { maxQueueBytes: 1 }, { compression: 'zip' }]) {
      assert.throws(() => new OurExporter({ accessToken: TOKEN, logger: recordingLogger(), ...bad }), (error) => !shown(error).includes(TOKEN));
    }
  });

  test('nor on the console', async () => {
    const written = [];
    const methods = ['debug', 'info', 'log', 'warn', 'error'].map((method) => mock.method(console, method, (...args) => written.push(args)));
    try {
      const exporter = new OurExporter({ accessToken: TOKEN, endpoint: await refusedUrl(), maxRetries: 1, logLevel: 'debug' });
      await logs.send(exporter, 'l');
      await exporter.shutdown();
    } finally {
      for (const { mock: restore } of methods) restore.restore();
    }
    assert.ok(written.length > 0);
    assert.ok(!shown(written).includes(TOKEN));
  });
});
