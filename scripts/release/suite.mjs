// `node scripts/release/suite.mjs`: the Node tests with the binary and the facade that lie here; nothing is built.
import { TEST_TIMEOUT, testFiles } from '../test-files.mjs';
import { run } from '../run.mjs';

run(process.execPath, ['--test', '--test-reporter=spec', TEST_TIMEOUT, ...testFiles()]);
