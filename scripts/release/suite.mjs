// `node scripts/release/suite.mjs [FILE...]`: the Node tests, or some of them, with the binary and the facade that lie
// here. Nothing is built.
import { TEST_TIMEOUT, testFiles } from '../test-files.mjs';
import { run } from '../run.mjs';

const chosen = process.argv.slice(2);
run(process.execPath, ['--test', '--test-reporter=spec', TEST_TIMEOUT, ...(chosen.length > 0 ? chosen : testFiles())]);
