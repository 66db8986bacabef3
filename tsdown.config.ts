import { copyFile } from 'node:fs/promises';

import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: { index: 'facade/index.ts' },
  format: ['esm', 'cjs'],
  outDir: 'dist',
  target: 'node20',
  platform: 'node',
  fixedExtension: false,
  dts: true,
  logLevel: 'warn',
  // The public types are committed, so that a change of them is seen in review; CI compares.
  onSuccess: () => copyFile('dist/index.d.ts', 'index.d.ts'),
});
