/** @type {import('next').NextConfig} */
export default {
  serverExternalPackages: ['mastra-native-exporter'],
};
