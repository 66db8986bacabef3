// `npm test`: builds, runs the Rust and the Node tests, and ends with the counts of both.
import { spawn } from 'node:child_process';

import { TEST_TIMEOUT, testFiles } from './test-files.mjs';

/** Runs a command, shows its output, and answers { code, output }. */
function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], shell: process.platform === 'win32' });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      process.stdout.write(chunk);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** Adds up the numbers that `pattern` captures. */
const sum = (output, pattern) => [...output.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);

const build = await run('npm', ['run', '--silent', 'build']);
if (build.code !== 0) process.exit(build.code ?? 1);

const rust = await run('cargo', ['test']);
const node = await run(process.execPath, ['--test', '--test-reporter=spec', TEST_TIMEOUT, ...testFiles()]);

const passed = sum(rust.output, /^test result: .* (\d+) passed/gm) + sum(node.output, /^ℹ pass (\d+)/gm);
const failed = sum(rust.output, / (\d+) failed;/g) + sum(node.output, /^ℹ fail (\d+)/gm);
const skipped = sum(rust.output, / (\d+) ignored;/g) + sum(node.output, /^ℹ skipped (\d+)/gm);
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = rust.code === 0 && node.code === 0 && passed > 0 ? 0 : 1;
