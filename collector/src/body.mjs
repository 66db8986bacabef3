import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';

import { HttpError } from './http-error.mjs';

/** The limit on a body in bytes, compressed or not. */
export const BODY_LIMIT_BYTES = 64 * 1024 * 1024;
/** A body is given up when nothing of it comes for this time, in milliseconds. */
const IDLE_TIMEOUT_MS = 10_000;
/** The number of bytes copied before other work gets its turn. */
const COPY_BYTES = 8 * 1024 * 1024;

/**
 * Reads a request's body.
 * @param {import('node:http').IncomingMessage} request
 * @param {(bytes: number) => Promise<void>} take  resolves when there is room for that many bytes more
 * @returns {Promise<Buffer>} unpacked
 * @throws {HttpError} 413 if it is larger than `BODY_LIMIT_BYTES`, 415 for an encoding other than gzip, 408 if it stops
 *   coming, 400 if it is not what the encoding says, and what `take` throws
 */
export async function readBody(request, take) {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'gzip' && encoding !== 'identity') {
    throw new HttpError(415, `Content-Encoding ${encoding} is not supported: gzip or none is`);
  }
  if (Number(request.headers['content-length'] ?? 0) > BODY_LIMIT_BYTES) throw tooLarge();
  const chunks = [];
  let size = 0;
  try {
    for await (const chunk of encoding === 'gzip' ? gunzip(request) : arriving(request)) {
      size += chunk.length;
      if (size > BODY_LIMIT_BYTES) throw tooLarge();
      await take(chunk.length);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError(400, `the body cannot be read: ${/** @type {Error} */ (error).message}`);
  }
  return joined(chunks, size);
}

/**
 * The body as it comes over the network. Only the wait for a client is timed, not the wait of a client for room.
 * @param {import('node:http').IncomingMessage} request
 */
async function* arriving(request) {
  // Node reads the rest of the request after the answer is sent. A connection that is closed while a client still
  // writes would lose the answer.
  const chunks = request.iterator({ destroyOnReturn: false });
  for (;;) {
    const { done, value } = await withinIdleTimeout(chunks.next());
    if (done) return;
    yield value;
  }
}

/** @template T @param {Promise<T>} promise @returns {Promise<T>} */
async function withinIdleTimeout(promise) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new HttpError(408, `nothing of the body came for ${IDLE_TIMEOUT_MS / 1000} s`)), IDLE_TIMEOUT_MS);
  });
  try {
    return await Promise.race([promise, /** @type {Promise<never>} */ (timeout)]);
  } finally {
    clearTimeout(timer);
    // The promise may fail later, when nobody listens any more.
    promise.catch(() => {});
  }
}

/** @param {import('node:http').IncomingMessage} request */
function gunzip(request) {
  const gunzip = createGunzip();
  const packed = Readable.from(arriving(request), { objectMode: false });
  // Not pipeline(): that would destroy the request, and with it the socket that the answer needs.
  packed.once('error', error => gunzip.destroy(error));
  return packed.pipe(gunzip);
}

/** @param {Buffer[]} chunks @param {number} size */
async function joined(chunks, size) {
  const body = Buffer.allocUnsafeSlow(size);
  let end = 0;
  let pause = COPY_BYTES;
  for (const chunk of chunks) {
    end += chunk.copy(body, end);
    if (end < pause) continue;
    pause = end + COPY_BYTES;
    await setImmediate();
  }
  return body;
}

function tooLarge() {
  return new HttpError(413, `the body is larger than ${BODY_LIMIT_BYTES} bytes`);
}
