#!/usr/bin/env node
// The version is checked before anything of Mastra is imported: on an older Node that would fail with a stack trace.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  console.error(`The collector needs Node 22.13 or later; this is ${process.versions.node}.`);
  process.exitCode = 1;
} else {
  const { run } = await import('../src/main.mjs');
  await run(process.argv.slice(2), process.env);
}
