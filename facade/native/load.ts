import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

/** What the binary exports; see `src/binding.rs`. */
export type NativeModule = typeof import('../../binding.js');

/**
 * Which exporters are in use: the native ones, `path` being the absolute path of the binary; or the JavaScript ones of
 * `@mastra/observability` in their place, and why.
 */
export type NativeBinding = { loaded: true; path: string } | { loaded: false; reason: string };

/** Raised with every change of what `src/binding.rs` exports; the constant of that name there is to be the same. */
const API_VERSION = 3;

const PACKAGE = 'mastra-native-exporter';
const VARIABLE = 'MASTRA_NATIVE_EXPORTER';
const EXTERNAL = `if you bundle, keep ${PACKAGE} external`;
/** The platforms with a binary: `napi.targets` of package.json in Node's words. */
const PLATFORMS: readonly string[] = [
  'linux-x64-gnu',
  'linux-arm64-gnu',
  'linux-x64-musl',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
  'win32-x64-msvc',
  'win32-arm64-msvc',
];

type Found = { module: NativeModule; path: string } | { reason: string; fix: string };

const found = decide();

/** The binary, unless the JavaScript exporters stand in for it. */
export const native: NativeModule | undefined = 'module' in found ? found.module : undefined;

/** Tells whether the native exporters are in use, or why they are not. */
export const nativeBinding: NativeBinding =
  'module' in found ? { loaded: true, path: found.path } : { loaded: false, reason: found.reason };

/** @throws Error if the binary cannot be used and `MASTRA_NATIVE_EXPORTER` is `require`. */
function decide(): Found {
  const wanted = process.env[VARIABLE];
  if (wanted === 'off') return { reason: `${VARIABLE}=off`, fix: '' };
  // A misspelt setting of telemetry is not worth an application that does not start.
  if (wanted && wanted !== 'require') {
    warnOnce('VARIABLE', `${VARIABLE} is ${inspect(wanted)}, which is ignored: it may be 'require', 'off' or absent.`);
  }
  const result = open();
  if ('module' in result) return result;
  const { reason, fix } = result;
  if (wanted === 'require') {
    throw new Error(`${PACKAGE}: ${reason}. ${VARIABLE}=require forbids to go on without. ${fix}.`);
  }
  warnOnce('FALLBACK', `${PACKAGE}: ${reason}. Telemetry is exported by the JavaScript exporters instead. ${fix}.`);
  return result;
}

/** Finds and loads the binary. Never throws: whatever goes wrong is a reason. */
function open(): Found {
  try {
    const platform = platformName();
    if (!PLATFORMS.includes(platform)) {
      return { reason: `there is no binary for ${platform}`, fix: `${VARIABLE}=off silences this` };
    }
    // Bundled into CommonJS there is no `import.meta.url`.
    const load = createRequire(import.meta.url ?? __filename);
    const path = resolve(load, platform);
    if (path !== undefined) return checked(load(path) as NativeModule, path, platform);
    return {
      reason: `the package ${PACKAGE}-${platform} is not installed`,
      fix: `Install again here, with optional dependencies (npm install --include=optional); ${EXTERNAL}`,
    };
  } catch (error) {
    return {
      reason: `the binary cannot be loaded (${error instanceof Error ? error.message : inspect(error)})`,
      fix: `Install ${PACKAGE} again on this kind of machine; ${EXTERNAL}`,
    };
  }
}

function checked(module: NativeModule, path: string, platform: string): Found {
  const version: unknown = module.API_VERSION;
  if (version === API_VERSION) return { module, path };
  return {
    reason: `${path} has API version ${inspect(version)}, but ${PACKAGE} needs ${API_VERSION}`,
    fix: `Install again, so that ${PACKAGE} and ${PACKAGE}-${platform} have the same version`,
  };
}

/** The binary of a checkout, which lies beside `dist/`; else that of the platform's package. */
function resolve(load: NodeJS.Require, platform: string): string | undefined {
  for (const request of [`../${PACKAGE}.${platform}.node`, `${PACKAGE}-${platform}`]) {
    try {
      return load.resolve(request);
    } catch {
      // The next one.
    }
  }
  return undefined;
}

/** The platform as the package names have it. */
function platformName(): string {
  const { platform, arch } = process;
  const abi = platform === 'win32' ? '-msvc' : platform === 'linux' ? `-${libc()}` : '';
  return `${platform}-${arch}${abi}`;
}

/**
 * The C library of this process: whether the loader of musl is in its memory. Not from Node's diagnostic report, for which
 * Node 20.0 to 20.12 looks up the host names of all open sockets; nor from `ldd`, which may belong to another library.
 */
function libc(): 'gnu' | 'musl' {
  try {
    return readFileSync('/proc/self/maps', 'utf8').includes('/ld-musl-') ? 'musl' : 'gnu';
  } catch {
    return 'gnu';
  }
}

/**
 * A warning of the process, because at this time there is no exporter and no logger yet. Once, also when this module is
 * loaded several times, and not again in workers that are started later: they inherit the environment data.
 */
function warnOnce(code: string, text: string): void {
  const key = `${VARIABLE}_${code}`;
  if (getEnvironmentData(key)) return;
  setEnvironmentData(key, true);
  process.emitWarning(text, { code: key });
}
