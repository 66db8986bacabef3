import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

import { binaryAt, platformBinary } from './binaries.js';

/** What the binary exports; see `src/binding.rs`. */
export type NativeModule = typeof import('../../binding.js');

/**
 * Which exporters are in use: the native ones, with the absolute `path` of the binary; or the JavaScript ones of
 * `@mastra/observability` in their place, with the reason.
 */
export type NativeBinding = { loaded: true; path: string } | { loaded: false; reason: string };

/**
 * Raised with every change of what `src/binding.rs` exports. The constant of the same name there has the same value.
 */
const API_VERSION = 6;

const PACKAGE = 'mastra-native-exporter';
const VARIABLE = 'MASTRA_NATIVE_EXPORTER';
const PATH_VARIABLE = 'MASTRA_NATIVE_EXPORTER_PATH';
const EXTERNAL = `if you bundle, keep ${PACKAGE} external or name the binary in ${PATH_VARIABLE}`;
type Found = { module: NativeModule; path: string } | { reason: string; fix: string };

const found = decide();

/** The binary, unless the JavaScript exporters stand in for it. */
export const native: NativeModule | undefined = 'module' in found ? found.module : undefined;

/** Says whether the native exporters are in use, or why they are not. */
export const nativeBinding: NativeBinding =
  'module' in found ? { loaded: true, path: found.path } : { loaded: false, reason: found.reason };

/** @throws Error if the binary cannot be used and `MASTRA_NATIVE_EXPORTER` is `require`. */
function decide(): Found {
  const wanted = process.env[VARIABLE];
  if (wanted === 'off') return { reason: `${VARIABLE}=off`, fix: '' };
  // A misspelt setting of telemetry must not prevent the start of the application.
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

/** Finds and loads the binary. Never throws: every failure becomes a reason. */
function open(): Found {
  const named = process.env[PATH_VARIABLE];
  const platform = platformName();
  const fix = named
    ? `Name the binary of this version of ${PACKAGE} for this kind of machine in ${PATH_VARIABLE}`
    : `Install ${PACKAGE} and ${PACKAGE}-${platform} again on this kind of machine, in the same version; ${EXTERNAL}`;
  try {
    const binary = named ? binaryAt(resolve(named)) : platformBinary(platform);
    if (binary === undefined) return { reason: `there is no binary for ${platform}`, fix: `${VARIABLE}=off silences this` };
    if (binary === null) {
      return {
        reason: `the package ${PACKAGE}-${platform} is not installed`,
        fix: `Install again here, with optional dependencies (npm install --include=optional); ${EXTERNAL}`,
      };
    }
    const module = binary.load() as NativeModule;
    const version: unknown = module.API_VERSION;
    if (version === API_VERSION) return { module, path: binary.path };
    return { reason: `${binary.path} has API version ${inspect(version)}, but ${PACKAGE} needs ${API_VERSION}`, fix };
  } catch (error) {
    return { reason: `the binary cannot be loaded (${error instanceof Error ? error.message : inspect(error)})`, fix };
  }
}

/** The platform in the words of the package names. */
function platformName(): string {
  const { platform, arch } = process;
  const abi = platform === 'win32' ? '-msvc' : platform === 'linux' ? `-${libc()}` : '';
  return `${platform}-${arch}${abi}`;
}

/**
 * The C library of this process: whether musl is in its memory. musl is one file, which has the name of the loader on
 * Alpine and is `libc.so` elsewhere. Two other sources are not used. Node's diagnostic report looks up the host names of
 * all open sockets in Node 20.0 to 20.12. `ldd` may belong to another library.
 */
function libc(): 'gnu' | 'musl' {
  try {
    return /\/(ld-musl-.*|libc\.so)$/m.test(readFileSync('/proc/self/maps', 'utf8')) ? 'musl' : 'gnu';
  } catch {
    return 'gnu';
  }
}

/**
 * Emits a warning of the process, because at this time there is no exporter and no logger yet. Emits it once, also when
 * this module is loaded several times, and not again in workers that are started later: they inherit the environment
 * data.
 */
function warnOnce(code: string, text: string): void {
  const key = `${VARIABLE}_${code}`;
  if (getEnvironmentData(key)) return;
  setEnvironmentData(key, true);
  process.emitWarning(text, { code: key });
}
