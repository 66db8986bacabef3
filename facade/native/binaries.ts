import * as nodeModule from 'node:module';

/**
 * In these words, and the only one in the bundle of an entry, where another one would have its name changed: tools that
 * copy what an application needs (@vercel/nft) follow no other way to `require` in ES modules and in CommonJS. Bundlers do
 * not follow it; they could not put a binary into a bundle.
 */
export const createRequire = nodeModule.createRequire;

type Load = () => unknown;

/** A binary that is there: where, and how it is loaded. */
export interface Binary {
  path: string;
  load: Load;
}

/** The binary of a platform, `null` if it is not installed, `undefined` if there is none. @throws Error in odd bundles */
export function platformBinary(platform: string): Binary | null | undefined {
  // Bundled into CommonJS there is no `import.meta.url`.
  const load = createRequire(import.meta.url ?? __filename);
  // `napi.targets` of package.json in Node's words; of each the binary of a checkout, which lies beside `dist/`, and that of
  // the platform's package. Spelled out for the tools named above.
  const binaries: Readonly<Record<string, readonly [Load, Load]>> = {
    'linux-x64-gnu': [() => load('../mastra-native-exporter.linux-x64-gnu.node'), () => load('mastra-native-exporter-linux-x64-gnu')],
    'linux-arm64-gnu': [() => load('../mastra-native-exporter.linux-arm64-gnu.node'), () => load('mastra-native-exporter-linux-arm64-gnu')],
    'linux-x64-musl': [() => load('../mastra-native-exporter.linux-x64-musl.node'), () => load('mastra-native-exporter-linux-x64-musl')],
    'linux-arm64-musl': [() => load('../mastra-native-exporter.linux-arm64-musl.node'), () => load('mastra-native-exporter-linux-arm64-musl')],
    'darwin-x64': [() => load('../mastra-native-exporter.darwin-x64.node'), () => load('mastra-native-exporter-darwin-x64')],
    'darwin-arm64': [() => load('../mastra-native-exporter.darwin-arm64.node'), () => load('mastra-native-exporter-darwin-arm64')],
    'win32-x64-msvc': [() => load('../mastra-native-exporter.win32-x64-msvc.node'), () => load('mastra-native-exporter-win32-x64-msvc')],
    'win32-arm64-msvc': [() => load('../mastra-native-exporter.win32-arm64-msvc.node'), () => load('mastra-native-exporter-win32-arm64-msvc')],
  };
  const requests = [`../mastra-native-exporter.${platform}.node`, `mastra-native-exporter-${platform}`];
  for (const [index, loadBinary] of (binaries[platform] ?? []).entries()) {
    try {
      return { path: load.resolve(requests[index] ?? ''), load: loadBinary };
    } catch {
      // The next one.
    }
  }
  return platform in binaries ? null : undefined;
}

/** The binary in a file, by its absolute path. */
export function binaryAt(path: string): Binary {
  return { path, load: () => createRequire(path)(path) };
}
