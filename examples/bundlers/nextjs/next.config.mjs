/** @type {import('next').NextConfig} */
export default {
  serverExternalPackages: ['mastra-native-exporter'],
  // For what is deployed without node_modules: which package holds the binary is known only when the server runs.
  outputFileTracingIncludes: { '/**': ['node_modules/mastra-native-exporter-*/**'] },
};
