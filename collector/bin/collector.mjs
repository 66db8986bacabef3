#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

// The version is checked before anything of Mastra is imported: on an older Node that would fail with a stack trace.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  console.error(`The collector needs Node 22.13 or later; this is ${process.versions.node}.`);
  process.exitCode = 1;
} else {
  // By default the heap may grow fourfold before V8 collects garbage. What the collector makes of a body is garbage soon: growth
  // by 60 % costs little CPU and saves much memory.
  setFlagsFromString('--heap-growing-percent=60');
  const { run } = await import('../src/main.mjs');
  await run(process.argv.slice(2), process.env);
}
