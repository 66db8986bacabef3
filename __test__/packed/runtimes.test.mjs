// Bun and Deno, with the packages as npm installs them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startCollector } from '../../examples/demo/collector.mjs';
import { assertDelivers, fixture, makeProject, settings } from './support/project.mjs';
import { BUN, DENO } from './support/tools.mjs';

const NAMES = ['esm.mjs', 'cjs.cjs', 'workers.mjs', 'ends.mjs', 'hard-values.mjs'];
// What arrives without a flush, by the way that the process ends; Node delivers in all of them.
const LAST_SPAN = {
  Bun: { script: 1, exit: 1, exception: 1, signal: 1 },
  Deno: { script: 1, exit: 1, exception: 0, signal: 1 },
};

describe('other runtimes', () => {
  let project;
  before(async () => {
    project = await makeProject({ files: Object.fromEntries(NAMES.map((name) => [name, fixture(name)])) });
  });
  after(() => project?.remove());

  /** Runs a script against a collector; returns what it printed, how it ended, and the spans as they were sent. */
  async function run(command) {
    const collector = await startCollector();
    try {
      const result = await project.run(command, settings(collector));
      return { ...result, spans: collector.records('spans'), bodies: collector.requests.map(({ text }) => text).join() };
    } finally {
      await collector.close();
    }
  }

  for (const [name, command] of Object.entries({ Bun: [BUN], Deno: [DENO, 'run', '--allow-all'] })) {
    describe(name, () => {
      test('import', () => assertDelivers(project, [...command, 'esm.mjs']));
      test('require', () => assertDelivers(project, [...command, 'cjs.cjs']));
      test('worker threads', () =>
        assertDelivers(project, [...command, 'workers.mjs'], { ids: ['imported', 'required', 'main'] }));

      test('values arrive as JSON.stringify has them', async () => {
        const { code, stdout, stderr, spans, bodies } = await run([...command, 'hard-values.mjs']);
        assert.equal(code, 0, stderr);
        assert.equal(spans.length, 3, stderr);
        for (const json of JSON.parse(stdout)) assert.ok(bodies.includes(`"input":${json}`), `${json}\n${bodies}`);
      });

      for (const [end, delivered] of Object.entries(LAST_SPAN[name])) {
        test(`${end}: the last span is ${delivered ? 'delivered' : 'lost'}`, async () => {
          const { code, signal, spans, stderr } = await run([...command, 'ends.mjs', end]);
          const ended = { exception: [1, null], signal: [null, 'SIGTERM'] }[end] ?? [0, null];
          assert.deepEqual([code, signal], ended, stderr);
          assert.equal(spans.length, delivered, stderr);
        });
      }
    });
  }
});
