import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

/**
 * The token of the exporters when nobody gave one: it outlives the process, or each restart would cost the
 * applications their connection.
 * @param {string | undefined} path  undefined keeps none
 * @returns {Promise<{ token: string, isNew: boolean }>}
 * @throws {Error} if the file can be neither read nor made, or is empty
 */
export async function keptToken(path) {
  const token = randomBytes(24).toString('base64url');
  if (path === undefined) return { token, isNew: true };
  try {
    // Fails if the file exists. So of two collectors that start at once one makes the file and the other reads it.
    await writeFile(path, `${token}\n`, { flag: 'wx', mode: 0o600, flush: true });
    return { token, isNew: true };
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
  const kept = (await readFile(path, 'utf8')).trim();
  if (!/^[\x21-\x7e]{16,}$/.test(kept)) throw new Error(`${path} holds no token: delete it, or give --token`);
  return { token: kept, isNew: false };
}
