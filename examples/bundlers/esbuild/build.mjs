import { build } from 'esbuild';

await build({
  entryPoints: ['app.mjs'],
  outfile: 'out/app.cjs',
  bundle: true,
  platform: 'node',
  external: ['mastra-native-exporter'],
});
