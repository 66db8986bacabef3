// `npm test` builds, and runs the Rust and the Node tests. It ends with the time of each step and the counts of both.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

import { TEST_TIMEOUT, testFiles } from './test-files.mjs';

/** The seconds that each step took. */
const steps = [];

/** Runs a command as a step, shows its output, and returns { code, output }. */
async function run(step, command, args) {
  const start = performance.now();
  const result = await shown(command, args);
  steps.push([step, Math.round((performance.now() - start) / 1000)]);
  return result;
}

function shown(command, args) {
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

/** Like {@link run}, for steps without which the others make no sense. */
async function mustRun(...step) {
  const { code } = await run(...step);
  if (code !== 0) process.exit(code ?? 1);
}

// Node asks for a destination of each reporter.
const reporters = ['spec', './scripts/slowest.mjs'].flatMap((name) => [`--test-reporter=${name}`, '--test-reporter-destination=stdout']);

await mustRun('build', 'npm', ['run', '--silent', 'build']);
await mustRun('compiling Rust tests', 'cargo', ['test', '--no-run']);
const rust = await run('Rust tests', 'cargo', ['test']);
// Most tests wait for child processes, so one file more than there are processors keeps these busy.
const concurrency = `--test-concurrency=${availableParallelism() + 1}`;
const node = await run('Node tests', process.execPath, ['--test', concurrency, ...reporters, TEST_TIMEOUT, ...testFiles()]);

const passed = sum(rust.output, /^test result: .* (\d+) passed/gm) + sum(node.output, /^ℹ pass (\d+)/gm);
const failed = sum(rust.output, / (\d+) failed;/g) + sum(node.output, /^ℹ fail (\d+)/gm);
const skipped = sum(rust.output, / (\d+) ignored;/g) + sum(node.output, /^ℹ skipped (\d+)/gm);
const total = steps.reduce((all, [, seconds]) => all + seconds, 0);
console.log(`\n${total} s: ${steps.map(([step, seconds]) => `${step} ${seconds} s`).join(', ')}`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = rust.code === 0 && node.code === 0 && passed > 0 ? 0 : 1;
