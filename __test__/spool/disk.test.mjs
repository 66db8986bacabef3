// A disk that cannot be used: records are kept in memory as without a spool, with one warning.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CloudExporter } from 'mastra-native-exporter';
import { numbered } from '../support/spans.mjs';
import { startSpool } from '../support/spool.mjs';

const WARNING = /CloudExporter cannot use its spool; records are kept in memory only/g;
const COUNT = 300;

function mountTmpfs(directory, size) {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('the directory is a file: one warning that names it, and everything is delivered', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'spool-'));
  const directory = join(parent, 'file');
  writeFileSync(directory, 'not a directory');
  const spool = await startSpool({ directory, mode: 'ok' });
  try {
    const child = spool.start({ count: COUNT, written: 0, options: { maxBatchWaitMs: 50 } });
    assert.deepEqual([...new Set(await spool.arrived(COUNT))].sort(), numbered(COUNT).sort());
    child.kill('SIGTERM');
    const { stdout, stderr } = await child.ended;
    const output = stdout + stderr;
    assert.equal(output.match(WARNING)?.length, 1, output);
    assert.ok(output.includes(directory), output);
  } finally {
    await spool.close();
    rmSync(parent, { recursive: true });
  }
});

test('a full disk: one warning, memory as without a spool, and nothing that was accepted is lost', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'spool-'));
  if (!mountTmpfs(directory, '1m')) return t.skip('a tmpfs cannot be mounted here');
  const spool = await startSpool({ directory, mode: 503 });
  try {
    const child = spool.start({ count: 1000, written: 0, options: { maxBatchWaitMs: 50 } });
    await child.said('ready');
    await spool.collector.waitFor((requests) => requests.length >= 2);
    spool.state.mode = 'ok';
    assert.deepEqual([...new Set(await spool.arrived(1000))].sort(), numbered(1000).sort());
    child.kill('SIGTERM');
    const { stdout, stderr } = await child.ended;
    assert.equal((stdout + stderr).match(WARNING)?.length, 1, stdout + stderr);
  } finally {
    await spool.close().catch(() => {});
    execFileSync('umount', ['-l', directory]);
    rmSync(directory, { recursive: true, force: true });
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
