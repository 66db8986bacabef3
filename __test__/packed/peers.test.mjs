// The oldest peers that package.json allows, and the newest that there were when this was pinned.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { startCollector } from '../../examples/demo/collector.mjs';
import { example, fixture, makeProject, settings } from './support/project.mjs';
import { TYPE_CHECKING, typeErrors } from './support/types.mjs';

const { peerDependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const OLDEST = Object.fromEntries(Object.entries(peerDependencies).map(([name, range]) => [name, /^>=(\S+)/.exec(range)[1]]));
const NEWEST = { '@mastra/core': '1.71.0', '@mastra/observability': '1.17.9' };
const SIGNALS = ['spans', 'logs', 'metrics', 'scores', 'feedback'];

/** What arrives from the demo's application: of each signal, the names and fields of its records. */
async function arrived(project, exporter, env) {
  const collector = await startCollector();
  try {
    const { code, stdout, stderr } = await project.run([process.execPath, 'peers.mjs', exporter], { ...settings(collector), ...env });
    assert.equal(code, 0, stdout + stderr);
    const shape = (record) => `${record.name ?? record.message} ${Object.keys(record).sort()}`;
    return Object.fromEntries(SIGNALS.map((signal) => [signal, collector.records(signal).map(shape).sort()]));
  } finally {
    await collector.close();
  }
}

for (const [age, peers] of Object.entries({ oldest: OLDEST, newest: NEWEST })) {
  describe(`${age} peers (${Object.values(peers).join(', ')})`, () => {
    let project;
    before(async () => {
      const demo = { 'app.mjs': example('demo/app.mjs'), 'model.mjs': example('demo/model.mjs') };
      const dependencies = { ...peers, ...TYPE_CHECKING.dependencies };
      project = await makeProject({ dependencies, files: { ...TYPE_CHECKING.files, ...demo, 'peers.mjs': fixture('peers.mjs') } });
    });
    after(() => project?.remove());

    for (const exporter of ['CloudExporter', 'MastraPlatformExporter']) {
      test(`${exporter}: every signal arrives as from the JavaScript exporter`, async () => {
        const native = await arrived(project, exporter, {});
        for (const signal of SIGNALS) assert.ok(native[signal].length > 0, signal);
        assert.deepEqual(native, await arrived(project, exporter, { MASTRA_NATIVE_EXPORTER: 'off' }));
      });
    }

    test('types', async () => {
      const options = { module: 'nodenext', moduleResolution: 'nodenext', skipLibCheck: false };
      assert.deepEqual(await typeErrors(project, options, ['app.mts', 'app.cts']), []);
    });
  });
}
