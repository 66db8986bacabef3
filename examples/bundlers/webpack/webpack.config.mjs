import { resolve } from 'node:path';

export default {
  mode: 'production',
  target: 'node',
  // A server's bundle is not downloaded.
  optimization: { minimize: false },
  entry: './app.mjs',
  output: { path: resolve('out'), filename: 'app.cjs' },
  externals: { 'mastra-native-exporter': 'commonjs mastra-native-exporter' },
};
