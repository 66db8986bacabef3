// `node scripts/release/smoke.mjs npm|pnpm|yarn|bun`: installs this version from the registry into a new project with that
// package manager, and exports a span with it to a collector of this process. Fails if it does not arrive natively.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCollector } from '../../examples/demo/collector.mjs';
import { ROOT, start } from '../run.mjs';

const INSTALL = {
  npm: ['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error'],
  pnpm: ['pnpm', 'install', '--reporter=append-only'],
  yarn: ['yarn', 'install', '--non-interactive', '--no-lockfile'],
  bun: ['bun', 'install'],
};
const APPLICATION = `
import { CloudExporter } from 'mastra-native-exporter';
const exporter = new CloudExporter({ accessToken: 't', endpoint: process.env.URL });
await exporter.exportTracingEvent({ type: 'span_ended', exportedSpan: { id: 'span', traceId: 't', name: 'n', type: 'agent_run', startTime: new Date() } });
await exporter.shutdown();
`;

const [manager] = process.argv.slice(2);
const command = INSTALL[manager];
if (command === undefined) throw new Error(`usage: node scripts/release/smoke.mjs ${Object.keys(INSTALL).join('|')}`);
const { version, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const peers = ['@mastra/core', '@mastra/observability', 'zod'].map((name) => [name, devDependencies[name]]);

const directory = mkdtempSync(join(tmpdir(), 'smoke-'));
const collector = await startCollector();
try {
  const dependencies = { 'mastra-native-exporter': version, ...Object.fromEntries(peers) };
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name: 'application', private: true, type: 'module', dependencies }));
  writeFileSync(join(directory, 'application.mjs'), APPLICATION);
  await start(command[0], command.slice(1), { cwd: directory, env: process.env });
  const env = { ...process.env, URL: collector.url, MASTRA_NATIVE_EXPORTER: 'require' };
  await start(process.execPath, ['application.mjs'], { cwd: directory, env });
  const arrived = collector.records('spans').map(({ id }) => id);
  if (arrived.join() !== 'span') throw new Error(`arrived: ${arrived.join() || 'nothing'}`);
  console.log(`${version} installed with ${manager}: the span arrived`);
} finally {
  await collector.close();
  rmSync(directory, { recursive: true, force: true });
}
