// Why a collector cannot be reached: one warning with its address and the cause in words, for each way to be out of reach.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { startCollector } from '../../examples/demo/collector.mjs';
import { runOurs } from '../support/both.mjs';
import { SIGNALS } from '../support/events.mjs';
import { refusedUrl } from '../support/server.mjs';

/** A label of 64 characters: a resolver refuses the name without asking anyone. */
const UNKNOWN = `${'x'.repeat(64)}.collector.test`;

/** [what, options by the URL of a server, environment, the server's answer, the cause] */
const OUTAGES = [
  ['nobody listens', async () => ({ endpoint: await refusedUrl() }), async () => ({}), {}, /^tcp connect error: Connection refused/],
  ['an unknown name', async () => ({ endpoint: `https://${UNKNOWN}` }), async () => ({}), {}, /^dns error|^invalid dns name/],
  ['TLS to a plain port', async (url) => ({ endpoint: url.replace('http:', 'https:') }), async () => ({}), { status: 400 }, /^the server does not speak TLS: its address may have to begin with http:\/\//],
  ['a dead proxy', async () => ({ endpoint: 'http://collector.test' }), async () => ({ HTTP_PROXY: await refusedUrl() }), {}, /^tcp connect error: Connection refused/],
  ['a dead proxy, https', async () => ({ endpoint: 'https://collector.test' }), async () => ({ HTTPS_PROXY: await refusedUrl() }), {}, /^tunnel error: .*Connection refused/],
  ['no answer in time', async (url) => ({ endpoint: url, requestTimeoutMs: 100 }), async () => ({}), 'hang', /^Request timed out after 100 ms/],
  ['an answer of failure', async (url) => ({ endpoint: url }), async () => ({}), { status: 502 }, /^status 502 Bad Gateway/],
];

describe('out of reach', { concurrency: true }, () => {
  for (const [what, optionsOf, envOf, answer, cause] of OUTAGES) {
    test(what, async () => {
      const server = await startCollector({ answer: () => answer });
      try {
        const [options, env] = [await optionsOf(server.url), await envOf()];
        const { calls } = await runOurs({
          options: { ...options, shutdownTimeoutMs: 0 },
          env,
          drive: async ({ exporter, logger }) => {
            await SIGNALS.logs.send(exporter, 'waits');
            void exporter.flush();
            await logger.waitFor((all) => all.some(({ args: [text] }) => / cannot deliver to /.test(text)));
          },
        });
        const warnings = calls.filter(({ args: [text] }) => / cannot deliver to /.test(text));
        assert.deepEqual(warnings.map(({ level }) => level), ['warn']);
        const [, endpoint, said, waiting] = /^CloudExporter cannot deliver to (\S+): (.*)\. Waiting: (.*)$/.exec(warnings[0].args[0]) ?? [];
        assert.equal(endpoint, `${options.endpoint}/ai/logs/publish`);
        assert.match(said, cause);
        assert.equal(waiting, '1 record, kept for up to 5 min');
      } finally {
        await server.close();
      }
    });
  }
});
