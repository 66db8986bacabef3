// What may be missing on a machine without being a fault of the code.
import { run } from '../run.mjs';

/** What this machine lacks to prove a platform; a reason to skip it, not to fail. */
export class Unavailable extends Error {}

/** What pip says of a file that is not the one that was asked for: never a reason to go on. */
const TAMPERED = /DO NOT MATCH THE HASHES/;

/**
 * Runs a command that downloads, without showing what it prints.
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @throws {Unavailable} if it fails: no network, or a registry or mirror without the package
 */
export function download(command, args, options) {
  try {
    run(command, args, { stdio: 'pipe', ...options });
  } catch (error) {
    throw TAMPERED.test(error.message) ? error : new Unavailable(`a download failed: ${error.message}`);
  }
}
