// `node scripts/platforms/suite.mjs [FILE...]`: the Node tests, or some of them, on musl, with the Node and the binary that
// `npm run test:platforms -- linux-x64-musl` has left in target/platforms. Run by hand, because they take as long as on
// glibc.
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from '../run.mjs';
import { nodeFor } from './nodes.mjs';

const PLATFORM = 'linux-x64-musl';
const BINARY = `mastra-native-exporter.${PLATFORM}.node`;

const [node] = nodeFor(PLATFORM);
copyFileSync(join(ROOT, 'target', 'platforms', PLATFORM, 'binary', BINARY), join(ROOT, BINARY));
try {
  run(node, ['scripts/release/suite.mjs', ...process.argv.slice(2)]);
} finally {
  // Here npm run pack would pack it.
  rmSync(join(ROOT, BINARY));
}
