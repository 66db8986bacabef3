// `npm run test:collector` checks the types of the collector and runs its tests, on a Node that it supports. It skips them
// where there is none.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installCollector } from './collector.mjs';
import { node22 } from './node22.mjs';
import { ROOT, run } from './run.mjs';

const PACKAGE = join(ROOT, 'collector');
const node = node22() ?? process.execPath;

installCollector();
run(node, [join(PACKAGE, 'node_modules', 'typescript', 'bin', 'tsc')], { cwd: PACKAGE });
const files = readdirSync(join(PACKAGE, 'test')).filter((name) => name.endsWith('.test.mjs')).map((name) => join(PACKAGE, 'test', name));
// One file at a time, because several databases and browsers at once take longer.
run(node, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files]);
