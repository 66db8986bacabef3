// A process ends in whatever way while the collector is down; the next one delivers what it has left.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { describe, test } from 'node:test';
import { codeBlocks, codeSpans, section, tableRows } from '../support/documents.mjs';
import { numbered } from '../support/spans.mjs';
import { startSpool } from '../support/spool.mjs';

const COUNT = 300;
/** So that the memory of a process ends soon. */
const LITTLE_HEAP = ['--max-old-space-size=60'];
const kept = ({ stdout }) => stdout.match(/CloudExporter (shutdown )?kept \d+ records in its spool/g) ?? [];

// [how, END of the fixture, signal sent by the parent, exit code, ended by signal, lines]
const ENDS = [
  ['SIGKILL', 'stay', 'SIGKILL', null, 'SIGKILL', []],
  ['process.abort()', 'abort', undefined, null, 'SIGABRT', []],
  ['heap out of memory', 'memory', undefined, null, 'SIGABRT', []],
  ['SIGTERM without a handler', 'stay', 'SIGTERM', null, 'SIGTERM', [`CloudExporter kept ${COUNT} records in its spool`]],
  ['process.exit()', 'exit', undefined, 7, null, [`CloudExporter kept ${COUNT} records in its spool`]],
  ['the script ends', 'script', undefined, 0, null, [`CloudExporter kept ${COUNT} records in its spool`]],
  ['shutdown()', 'shutdown', undefined, 0, null, [`CloudExporter shutdown kept ${COUNT} records in its spool`]],
];

describe('what a process leaves is delivered by the next one, once, beside its own', { concurrency: 2 }, () => {
  for (const [name, end, signal, code, endedBy, lines] of ENDS) {
    for (const mode of ['hang', 503]) {
      test(`${name}, the collector ${mode === 'hang' ? 'hangs' : 'answers 503'}`, async () => {
        const spool = await startSpool({ mode });
        try {
          const child = spool.start({ count: COUNT, end, options: { shutdownTimeoutMs: 200 }, nodeArgs: LITTLE_HEAP });
          if (signal) {
            await child.said('ready');
            child.kill(signal);
          }
          const result = await child.ended;
          assert.deepEqual([result.code, result.signal], [code, endedBy], result.stderr);
          assert.deepEqual(kept(result), lines);
          spool.state.mode = 'ok';
          const next = spool.start({ count: 100, prefix: 'n', written: 0, options: { maxBatchWaitMs: 100 } });
          const ids = await spool.arrived(COUNT + 100);
          const expected = [...numbered(COUNT), ...numbered(100, 'n')].sort();
          // Requests that hang are in the recording too: at least once, and each of them.
          assert.deepEqual([...new Set(ids)].sort(), expected);
          next.kill('SIGTERM');
          assert.deepEqual(kept(await next.ended), [], 'nothing is left');
          assert.deepEqual(spool.files(), []);
        } finally {
          await spool.close();
        }
      });
    }
  }
});

for (const mode of ['hang', 'dead']) {
  test(`10,000 records at the end of the process, the collector ${mode === 'hang' ? 'hangs' : 'is gone'}: all are kept, nobody waits for it`, async (t) => {
    const spool = await startSpool({ mode });
    try {
      if (mode === 'dead') await spool.collector.close();
      const child = spool.start({ count: 10_000, written: 0, end: 'exit', options: { exitTimeoutMs: 30_000 } });
      const result = await child.ended;
      assert.deepEqual(kept(result), ['CloudExporter kept 10000 records in its spool']);
      assert.equal(result.code, 7);
      // A wait for the collector would last 30 s. How long it takes is for a quiet machine to say.
      t.diagnostic(`the process ended ${Math.round(result.heldMs)} ms after process.exit()`);
    } finally {
      await spool.close();
    }
  });
}

test('the token is nowhere in the spool, and nobody else may read it', async () => {
  const spool = await startSpool();
  try {
    const child = spool.start({ count: COUNT });
    await child.said('ready');
    const files = spool.files();
    assert.ok(files.some((path) => path.endsWith('.seg')), files.join());
    for (const path of files) {
      assert.doesNotMatch(path, /s3cret/);
      assert.doesNotMatch(spool.content(path), /s3cret/);
      assert.equal(statSync(path).mode & 0o077, 0, basename(path));
    }
    assert.match(files.map(spool.content).join(''), /"spanId":"s0"/, 'records are readable');
  } finally {
    await spool.close();
  }
});

// What is in the directory is the user's. What the exporter makes below it is for that user alone.
test('a directory that exists is left as it is, and one that is made is closed to others', async (t) => {
  const parent = mkdtempSync(join(tmpdir(), 'spool-'));
  t.after(() => rmSync(parent, { recursive: true }));
  chmodSync(parent, 0o755);
  const spool = await startSpool({ directory: join(parent, 'made', 'too') });
  try {
    await spool.start({ count: 1 }).said('ready');
    const modes = [parent, dirname(spool.directory), spool.directory].map((path) => statSync(path).mode & 0o777);
    assert.deepEqual(modes, [0o755, 0o700, 0o700]);
  } finally {
    await spool.close();
  }
});

test('a process with a new token delivers what one with an old token has left', async () => {
  const spool = await startSpool({ mode: 503 });
  try {
    const dead = spool.start({ count: COUNT, env: { TOKEN: 'old-token' } });
    await dead.said('ready');
    dead.kill('SIGKILL');
    await dead.ended;
    spool.state.mode = 'ok';
    spool.start({ env: { TOKEN: 'new-token' } });
    assert.deepEqual((await spool.arrived(COUNT)).sort(), numbered(COUNT).sort());
    const accepted = spool.collector.requests.filter(({ status }) => status === 200);
    assert.deepEqual([...new Set(accepted.map(({ headers }) => headers.authorization))], ['Bearer new-token']);
  } finally {
    await spool.close();
  }
});

const hasStrings = spawnSync('strings', ['--version']).status === 0;
test('the files are named as docs/durability.md says, and its commands find the records in them', { skip: !hasStrings && 'there is no strings here' }, async () => {
  const spool = await startSpool();
  // When all spans are in files, the collector takes some batches alone, so that a part of what is in the files is settled. A
  // file of 256 KiB holds about twelve batches: the first file becomes a spare one, and no later file needs it.
  let takes = false;
  let batches = 0;
  const answer = () => (batches++ < 16 ? 'ok' : 'hang');
  Object.defineProperty(spool.state, 'mode', { get: () => (takes ? answer() : 503) });
  try {
    const options = { maxBatchSize: 10, maxSpoolBytes: 4 * 2 ** 20 };
    await spool.start({ count: COUNT, options }).said('ready');
    takes = true;
    let names = [];
    while (!['.lock', '.seg', '.ack', '.spare'].every((kind) => names.some((name) => name.endsWith(kind)))) {
      await new Promise(setImmediate);
      names = spool.files().map((path) => relative(spool.directory, path));
    }
    const [{ 0: destination }, { 0: run }, ...kinds] = tableRows(section('docs/durability.md', 'To look, and to empty')).map((row) => codeSpans(row[0]));
    const pattern = (span) => span.replace('<32 hexadecimal digits>', '[0-9a-f]{32}').replaceAll('.', '\\.').replace('*', '[^/]+');
    const described = kinds.map(([kind]) => new RegExp(`^${pattern(destination)}${kind === '*.lock' ? '' : pattern(run)}${pattern(kind)}$`));
    assert.deepEqual(names.filter((name) => !described.some((kind) => kind.test(name))), []);
    for (const kind of described) assert.ok(names.some((name) => kind.test(name)), `${kind} in ${names}`);
    const { code } = codeBlocks('docs/durability.md').find(({ language }) => language === 'sh');
    const printed = execFileSync('sh', ['-ec', code.replaceAll('/var/lib/my-app/telemetry', spool.directory)], { encoding: 'utf8' });
    // The size of the directory, and the number of different traces: all spans of this test are of one.
    assert.match(printed, /^\S+\s+\S+\n1\n$/);
  } finally {
    await spool.close();
  }
});

test('ten processes with one directory: each record of a dead one is delivered by exactly one', async () => {
  const spool = await startSpool();
  try {
    const dead = spool.start({ count: COUNT });
    await dead.said('ready');
    dead.kill('SIGKILL');
    await dead.ended;
    spool.state.mode = 'ok';
    const before = spool.collector.records('spans').length;
    const ten = Array.from({ length: 10 }, () => spool.start({}));
    await Promise.all(ten.map((child) => child.said('ready')));
    await spool.arrived(COUNT);
    for (const child of ten) child.kill('SIGTERM');
    await Promise.all(ten.map(({ ended }) => ended));
    assert.equal(spool.collector.records('spans').length - before, COUNT, 'none twice');
    assert.deepEqual(spool.files(), []);
  } finally {
    await spool.close();
  }
});

// The beginning of a segment up to a write in which its process was killed; the comment in src/spool/mod.rs has the format.
function wholeFrames(content) {
  const bytes = Buffer.from(content, 'latin1');
  let end = 16;
  while (end + 12 <= bytes.length) {
    const next = end + 12 + bytes.readUInt32LE(end + 4);
    if (next > bytes.length) break;
    end = next;
  }
  return content.slice(0, end);
}

// By hand: SPOOL_KILLS=100 node --test __test__/spool/ends.test.mjs
const KILLS = Number(process.env.SPOOL_KILLS ?? 8);

test(`SIGKILL under load, ${KILLS} times: what is in the files is delivered, and the last moments alone are lost`, async (t) => {
  const spool = await startSpool({ mode: 503 });
  try {
    for (let kill = 0; kill < KILLS; kill += 1) {
      spool.state.mode = kill % 3 === 2 ? 'ok' : 503;
      const child = spool.start({ count: 20, prefix: `k${kill}-`, end: 'load', options: { maxBatchWaitMs: 20, logLevel: 'error' } });
      await child.said('ready');
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 200)); // the moment is the input of this test
      child.kill('SIGKILL');
      await child.ended;
    }
    spool.state.mode = 'ok';
    const files = spool.files().filter((path) => path.endsWith('.seg')).map(spool.content).map(wholeFrames).join('');
    const written = new Set([...files.matchAll(/"spanId":"(k\d+-\d+)"/g)].map(([, id]) => id));
    const last = spool.start({ killAfterMs: 300_000 });
    await spool.collector.waitFor(() => {
      const arrived = new Set(spool.collector.records('spans').map(({ spanId }) => spanId));
      return [...written].every((id) => arrived.has(id));
    });
    // Of each process the spans without a gap: nothing in the middle is missing.
    const arrived = spool.collector.records('spans').map(({ spanId }) => spanId);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const numbers = new Set(arrived.filter((id) => id.startsWith(`k${kill}-`)).map((id) => Number(id.split('-')[1])));
      assert.ok(numbers.size >= 20);
      assert.equal(Math.max(...numbers) + 1, numbers.size, `process ${kill} has a gap`);
    }
    last.kill('SIGTERM');
    await last.ended;
    assert.deepEqual(spool.files(), []);
    t.diagnostic(`${written.size} records were in files, ${new Set(arrived).size} have arrived`);
  } finally {
    await spool.close();
  }
});
