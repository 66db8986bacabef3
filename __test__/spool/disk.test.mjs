// A disk that cannot be used: records are kept in memory as without a spool, with one warning.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CloudExporter } from 'mastra-native-exporter';
import { numbered } from '../support/spans.mjs';
import { startSpool } from '../support/spool.mjs';

const WARNING = /CloudExporter cannot use its spool; records are kept in memory only/g;
const AGAIN = /CloudExporter uses its spool again/;
const COUNT = 300;
const NOBODY = 65534;

function mount(...args) {
  try {
    execFileSync('mount', args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

// Each makes a directory unusable; answers how to undo that, or why it cannot be done here. [what, error, make, child]
const UNUSABLE = [
  ['a file in its place', /Not a directory|File exists/, (directory) => {
    rmSync(directory, { recursive: true });
    writeFileSync(directory, 'not a directory');
    return () => {};
  }, {}],
  ['no permission', /Permission denied/, (directory) => {
    chmodSync(directory, 0o500);
    return () => {};
  }, process.getuid?.() === 0 ? { env: { AS_USER: `${NOBODY}` } } : {}],
  ['a read-only file system', /Read-only file system/, (directory) => {
    if (!mount('--bind', directory, directory) || !mount('-o', 'remount,ro,bind', directory)) return 'nothing can be mounted here';
    return () => execFileSync('umount', ['-l', directory]);
  }, {}],
  ['a limit on the size of files, so that writes fail', /File too large/, () => () => {}, { shell: 'ulimit -f 8' }],
];

describe('a directory that cannot be used: one warning that names it and the error, and everything is delivered', () => {
  for (const [what, error, make, child] of UNUSABLE) {
    test(what, { skip: process.platform === 'win32' && 'POSIX' }, async (t) => {
      const directory = mkdtempSync(join(tmpdir(), 'spool-'));
      const undo = make(directory);
      if (typeof undo === 'string') return t.skip(undo);
      const spool = await startSpool({ directory, mode: 'ok' });
      try {
        const process = spool.start({ count: COUNT, written: 0, options: { maxBatchWaitMs: 50 }, ...child });
        assert.deepEqual([...new Set(await spool.arrived(COUNT))].sort(), numbered(COUNT).sort());
        process.kill('SIGTERM');
        const { stdout, stderr } = await process.ended;
        const output = stdout + stderr;
        assert.equal(output.match(WARNING)?.length, 1, output);
        assert.ok(output.includes(directory), output);
        assert.match(output, error);
      } finally {
        undo();
        await spool.close();
      }
    });
  }
});

test('a full disk: one warning, memory as without a spool, nothing that was accepted is lost, and with room it goes on', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'spool-'));
  if (!mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory)) return t.skip('a tmpfs cannot be mounted here');
  const spool = await startSpool({ directory, mode: 503 });
  try {
    const child = spool.start({ count: 1000, written: 0, end: 'trickle', options: { maxBatchWaitMs: 50 } });
    await child.wrote(WARNING);
    spool.state.mode = 'ok';
    const expected = numbered(1000);
    await spool.collector.waitFor(() => {
      const arrived = new Set(spool.collector.records('spans').map(({ spanId }) => spanId));
      return expected.every((id) => arrived.has(id));
    });
    // What is delivered is removed, so there is room.
    await child.wrote(AGAIN);
    child.kill('SIGTERM');
    const { stdout, stderr } = await child.ended;
    assert.equal((stdout + stderr).match(WARNING)?.length, 1, stdout + stderr);
  } finally {
    await spool.close().catch(() => {});
    execFileSync('umount', ['-l', directory]);
    rmSync(directory, { recursive: true, force: true });
  }
});

test('a directory that is removed while it is used: one warning, it is made anew, and what memory holds is delivered', async () => {
  const spool = await startSpool({ mode: 503 });
  try {
    const child = spool.start({ count: COUNT, end: 'trickle', options: { maxBatchWaitMs: 50 } });
    await child.said('ready');
    rmSync(spool.directory, { recursive: true });
    await child.wrote(AGAIN);
    // A segment is made for the next span.
    while (!spool.files().some((path) => path.endsWith('.seg'))) await new Promise(setImmediate);
    spool.state.mode = 'ok';
    const ids = new Set(await spool.arrived(COUNT));
    assert.deepEqual(numbered(COUNT).filter((id) => !ids.has(id)), []);
    child.kill('SIGTERM');
    const { stdout, stderr } = await child.ended;
    assert.equal((stdout + stderr).match(WARNING)?.length, 1, stdout + stderr);
    assert.ok((stdout + stderr).includes(spool.directory));
  } finally {
    await spool.close();
  }
});

describe('options', () => {
  for (const [option, value, allowed] of [
    ['spoolDirectory', 7, 'the path of a directory'],
    ['spoolDirectory', '', 'the path of a directory'],
    ['spoolDirectory', 'a\0b', 'the path of a directory'],
    ['spoolSync', 'always', "'interval' or 'none'"],
    ['maxSpoolBytes', 1000, 'an integer from 1048576 to 1099511627776 (bytes)'],
    ['maxSpoolAgeMs', 1.5, 'an integer from 1000 to 31536000000 (ms)'],
  ]) {
    test(`${option}: ${JSON.stringify(value)} is refused`, () => {
      assert.throws(() => new CloudExporter({ accessToken: 't', [option]: value }), (error) => {
        assert.equal(error.id, 'CLOUD_EXPORTER_INVALID_OPTION');
        assert.ok(error.message.includes(`${option} must be ${allowed}, got`), error.message);
        return true;
      });
    });
  }
});

test('MASTRA_NATIVE_SPOOL_DIRECTORY is the option, for those that do not give it', async () => {
  const spool = await startSpool();
  try {
    const env = { DIR: '', MASTRA_NATIVE_SPOOL_DIRECTORY: spool.directory };
    const child = spool.start({ count: COUNT, env });
    await child.said('ready');
    assert.ok(spool.files().some((path) => path.endsWith('.seg')));
  } finally {
    await spool.close();
  }
});
