// `npm run test:collector`: types and tests of the collector, on a Node that it runs on; without one they are skipped.
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
// One file at a time: several databases and browsers at once are slower than one after the other.
run(node, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files]);
