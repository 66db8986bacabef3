// `npm run volume -- STORE` sends a million spans through exporter and collector: see collector/test/volume/main.mjs.
import { join } from 'node:path';
import { installCollector } from './collector.mjs';
import { node22 } from './node22.mjs';
import { ROOT, run } from './run.mjs';

installCollector();
run(node22() ?? process.execPath, [join(ROOT, 'collector', 'test', 'volume', 'main.mjs'), ...process.argv.slice(2)]);
