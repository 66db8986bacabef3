import { createHash, timingSafeEqual } from 'node:crypto';

import { isLoopback } from './options.mjs';

/** @typedef {import('node:http').IncomingMessage} Request */

/**
 * Who may do what.
 * @param {import('./options.mjs').Options} options
 */
export function createGate({ token, host }) {
  const expected = digest(token);
  /** @param {string} candidate  compared in constant time, whatever its length */
  const isToken = candidate => timingSafeEqual(digest(candidate), expected);
  const local = isLoopback(host);

  return {
    /** Whether a publisher may store records. @param {Request} request @returns {boolean} */
    mayPublish: ({ headers }) => isToken(credentials(headers.authorization, 'bearer')),

    /**
     * Whether Studio and its API answer. On loopback they are open to the user of this machine, but not to web pages
     * of others: neither by a request across origins nor by a name that was made to point here. Elsewhere they want
     * the token as bearer, or as the password that a browser asks for.
     * @param {Request} request
     * @returns {200 | 401 | 403} the status to answer with if not 200
     */
    studio({ headers }) {
      if (headers.origin !== undefined && originHost(headers.origin) !== headers.host) return 403;
      if (local) return isLoopback(hostname(headers.host)) ? 200 : 403;
      const basic = Buffer.from(credentials(headers.authorization, 'basic'), 'base64').toString();
      const password = basic.slice(basic.indexOf(':') + 1);
      return isToken(credentials(headers.authorization, 'bearer')) || isToken(password) ? 200 : 401;
    },
  };
}

/** @param {string} text */
function digest(text) {
  return createHash('sha256').update(text).digest();
}

/** @param {string | undefined} authorization @param {string} scheme  in lower case @returns {string} '' if none */
function credentials(authorization = '', scheme) {
  const space = authorization.indexOf(' ');
  return authorization.slice(0, space).toLowerCase() === scheme ? authorization.slice(space + 1).trim() : '';
}

/** @param {string} origin @returns {string | undefined} host and port, undefined for `null` and nonsense */
function originHost(origin) {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

/** @param {string | undefined} host  host and port @returns {string} */
function hostname(host) {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : '';
}
