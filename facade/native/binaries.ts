import * as nodeModule from 'node:module';

/**
 * The only `require` in the bundle of an entry, because a bundler renames a second one. Tools that copy the files of an
 * application (@vercel/nft) follow no other form of `require` both in ES modules and in CommonJS. Bundlers do not
 * follow this form; they could not put a binary into a bundle.
 */
export const createRequire = nodeModule.createRequire;

type Load = () => unknown;

/** A binary that exists: its path, and how it is loaded. */
export interface Binary {
  path: string;
  load: Load;
}

/**
 * Returns the binary of a platform, `null` if it is not installed, `undefined` if there is none. @throws Error in odd
 * bundles
 */
export function platformBinary(platform: string): Binary | null | undefined {
  // A bundle in CommonJS has no `import.meta.url`.
  const load = createRequire(import.meta.url ?? __filename);
  // `napi.targets` of package.json in Node's words. Each has two places: the binary of a checkout beside `dist/`, and
  // the binary of the platform's package. They are spelled out for the tools named above.
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
      // Try the next place.
    }
  }
  return platform in binaries ? null : undefined;
}

/** The binary in a file with this absolute path. */
export function binaryAt(path: string): Binary {
  return { path, load: () => createRequire(path)(path) };
}
