// stats(): the state, the last error and the last delivery, and how old the oldest record is.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { runOurs } from '../support/both.mjs';
import { SIGNALS } from '../support/events.mjs';

const { logs } = SIGNALS;
const QUOTA = { status: 402, headers: { 'x-mastra-observability': 'disabled' } };

/** [state, kind of exporter, the collector's answer, the cause] */
const STATES = [
  ['retrying', 'cloud', { status: 503 }, /^Request failed with status: 503 Service Unavailable$/],
  ['authCooldown', 'cloud', { status: 401 }, /^Request failed with status: 401/],
  ['quotaPaused', 'platform', QUOTA, /^the quota is used up$/],
];

describe('health', { concurrency: true }, () => {
  test('healthy: nothing has failed, and records have been accepted', () => runOurs({
    drive: async ({ exporter }) => {
      assert.deepEqual([exporter.stats().state, exporter.stats().lastError, exporter.stats().lastDeliveredAt], ['healthy', undefined, undefined]);
      const before = Date.now();
      await logs.send(exporter, 'delivered');
      await exporter.flush();
      const { state, lastError, lastDeliveredAt, oldestQueuedMs } = exporter.stats();
      assert.deepEqual([state, lastError, oldestQueuedMs], ['healthy', undefined, 0]);
      assert.ok(lastDeliveredAt.getTime() >= before && lastDeliveredAt.getTime() <= Date.now());
    },
  }));

  for (const [expected, kind, answer, cause] of STATES) {
    test(`${expected}: with the address and the cause of the last error`, () => runOurs({
      kind,
      options: (url) => ({ endpoint: url.replace('//', '//user:s3cret@'), shutdownTimeoutMs: 0 }),
      answer: () => answer,
      drive: async ({ exporter, server }) => {
        const before = Date.now();
        await logs.send(exporter, 'fails');
        const flushed = exporter.flush();
        while (exporter.stats().lastError === undefined) await new Promise(setImmediate);
        const { state, lastError: { at, endpoint, cause: said }, lastDeliveredAt } = exporter.stats();
        assert.equal(state, expected);
        assert.equal(endpoint, `${server.url}/ai/logs/publish`);
        assert.match(said, cause);
        assert.ok(at.getTime() >= before && at.getTime() <= Date.now());
        assert.equal(lastDeliveredAt, undefined);
        await flushed;
      },
    }));
  }

  test('the last error stays after a success, and the oldest record is gone', async () => {
    let down = true;
    await runOurs({
      answer: () => ({ status: down ? 503 : 200 }),
      drive: async ({ exporter }) => {
        await logs.send(exporter, 'late');
        const flushed = exporter.flush();
        while (exporter.stats().oldestQueuedMs === 0 || exporter.stats().lastError === undefined) await new Promise(setImmediate);
        down = false;
        await flushed;
        const { state, lastError, lastDeliveredAt, oldestQueuedMs } = exporter.stats();
        assert.deepEqual([state, oldestQueuedMs], ['healthy', 0]);
        assert.match(lastError.cause, /503/);
        assert.ok(lastDeliveredAt >= lastError.at);
      },
    });
  });
});
