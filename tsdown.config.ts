import { copyFile } from 'node:fs/promises';

import { defineConfig, type UserConfig } from 'tsdown';

/** One entry, complete in itself: it shares nothing with the others but the loader of the binary. */
const entry = (name: string, path: string): UserConfig => ({
  entry: { [name]: path },
  format: ['esm', 'cjs'],
  outDir: 'dist',
  // Each entry would clean away the others.
  clean: [`dist/${name}.*`],
  target: 'node20',
  platform: 'node',
  fixedExtension: false,
  dts: true,
  // How long a plugin takes is nothing to those who build this.
  checks: { pluginTimings: false },
  // The public types are committed, so that a change of them is seen in review; CI compares.
  onSuccess: () => copyFile(`dist/${name}.d.ts`, `${name}.d.ts`),
});

export default defineConfig([
  entry('index', 'facade/index.ts'),
  // For Mastra 0.x, where `@mastra/observability` does not exist: nothing of its graph may import that.
  entry('ai-tracing', 'facade/ai-tracing.ts'),
]);
