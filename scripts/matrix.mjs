// `npm run test:matrix [-- FILE...]` runs the wire's table and the Node tests under every supported version of Node.
// Without file names it runs all files except those that measure memory. It ends with the counts of all. The Node
// binaries are those that the packed tests use.
import { spawnSync } from 'node:child_process';

import { run } from './run.mjs';
import { TEST_TIMEOUT, testFiles } from './test-files.mjs';

/** Takes minutes, and does not depend on the version of Node. */
const LEFT_OUT = ['__test__/delivery/memory.test.mjs'];

const given = process.argv.slice(2);
const all = testFiles().filter((name) => !LEFT_OUT.includes(name));

run('npm', ['run', '--silent', 'build']);
run('npm', ['ci', '--silent', '--prefix', '__test__/packed/tools']);
// Imported here, because it looks for the Node binaries that have just been installed.
const { NODES } = await import('../__test__/packed/support/tools.mjs');

const totals = { passed: 0, failed: 0 };
for (const [version, node] of NODES) {
  const env = { ...process.env, MASTRA_TEST_NODE: node };
  const table = spawnSync('cargo', ['test', '--test', 'wire'], { env, encoding: 'utf8' });
  const suite = spawnSync(node, ['--test', '--test-reporter=tap', TEST_TIMEOUT, ...(given.length > 0 ? given : all)], { env, encoding: 'utf8', maxBuffer: 2 ** 28 });
  const sum = (text, pattern) => [...text.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);
  const passed = sum(table.stdout, /^test result: .* (\d+) passed/gm) + sum(suite.stdout, /^# pass (\d+)/gm);
  const failed = sum(table.stdout, / (\d+) failed;/g) + sum(suite.stdout, /^# fail (\d+)/gm) + Number(passed === 0);
  for (const [line] of suite.stdout.matchAll(/^ *not ok .*$/gm)) console.log(line);
  if (table.status !== 0) console.log(table.stdout);
  console.log(`Node ${version}: ${passed} passed, ${failed} failed`);
  totals.passed += passed;
  totals.failed += failed;
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 ? 0 : 1;
