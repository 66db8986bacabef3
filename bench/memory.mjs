// `npm run bench:memory`: a million typical spans at 20,000 a second, without an exporter and with each of both, and a
// healthy collector in another process. Does the memory of the process stay flat?
import { execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * The limit on the growth with our exporter, from the first 100,000 spans to the end, minus the growth without an
 * exporter.
 */
const MAX_GROWTH_MIB = 16;

const collector = spawn(process.execPath, [here('collector.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
const port = await new Promise((resolve) => collector.stdout.once('data', (data) => resolve(String(data).trim())));
try {
  const results = {};
  for (const side of ['nobody', 'peer', 'ours']) {
    const args = [here('memory-exporter.mjs'), side, `http://127.0.0.1:${port}`];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    results[side] = JSON.parse(stdout);
    const { rssMiB, grownMiB, heapMiB, spansPerSecond, lost } = results[side];
    console.log(`${side}: ${rssMiB.join(', ')} MiB RSS at each 100,000 spans; grown by ${grownMiB} MiB after the first of them; `
      + `JS heap up to ${heapMiB} MiB; ${spansPerSecond} spans/s; ${lost} lost`);
  }
  const { nobody, peer, ours } = results;
  const verdict = (met) => (met ? 'met' : 'MISSED');
  console.log(`growth under ${MAX_GROWTH_MIB} MiB more than with nobody: ${verdict(ours.grownMiB - nobody.grownMiB < MAX_GROWTH_MIB)}; `
    + `JS heap under the peer's: ${verdict(ours.heapMiB < peer.heapMiB)}; none lost: ${verdict(ours.lost === 0)}`);
} finally {
  collector.kill();
}
