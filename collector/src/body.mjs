import { createGunzip } from 'node:zlib';

import { HttpError } from './http-error.mjs';

/** What a body may have at most, in bytes, compressed or not. */
const BODY_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * Reads a request's body as text.
 * @param {import('node:http').IncomingMessage} request
 * @returns {Promise<string>} invalid UTF-8 in it has become U+FFFD
 * @throws {HttpError} 413 if it is larger than `BODY_LIMIT_BYTES`, 415 for an encoding other than gzip, 400 if it is
 *   not what the encoding says
 */
export async function readBody(request) {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'gzip' && encoding !== 'identity') {
    throw new HttpError(415, `Content-Encoding ${encoding} is not supported: gzip or none is`);
  }
  if (Number(request.headers['content-length'] ?? 0) > BODY_LIMIT_BYTES) throw tooLarge();
  const chunks = [];
  let size = 0;
  try {
    // What is not read any more is left to Node, which reads it away once the answer is sent: a connection that is
    // broken while a client still writes would cost it the answer.
    for await (const chunk of encoding === 'gzip' ? gunzip(request) : request.iterator({ destroyOnReturn: false })) {
      size += chunk.length;
      if (size > BODY_LIMIT_BYTES) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError(400, `the body cannot be read: ${/** @type {Error} */ (error).message}`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** @param {import('node:http').IncomingMessage} request */
function gunzip(request) {
  const gunzip = createGunzip();
  // Not pipeline(): that would destroy the request, and with it the socket that the answer needs.
  request.once('error', error => gunzip.destroy(error));
  return request.pipe(gunzip);
}

function tooLarge() {
  return new HttpError(413, `the body is larger than ${BODY_LIMIT_BYTES} bytes`);
}
