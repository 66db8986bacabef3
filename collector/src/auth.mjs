import { createHash, timingSafeEqual } from 'node:crypto';

import { isLoopback } from './options.mjs';

/** @typedef {import('node:http').IncomingMessage} Request */

/**
 * The rights of each token: the tokens of the exporters publish, the token of Studio reads and deletes.
 * @param {Pick<import('./options.mjs').Options, 'tokens' | 'studioToken' | 'host'>} options
 */
export function createGate({ tokens, studioToken, host }) {
  const isPublisher = oneOf(tokens);
  const isReader = oneOf(studioToken === undefined ? [] : [studioToken]);
  const local = isLoopback(host);

  return {
    /** Whether a publisher may store records. @param {Request} request @returns {boolean} */
    mayPublish: ({ headers }) => isPublisher(credentials(headers.authorization, 'bearer')),

    /**
     * Whether Studio and its API answer: never to a request across origins. They want the Studio token as bearer, or as
     * the password that a browser asks for. Without one, which is possible on loopback only, they are open to the users
     * of this machine, but not by a name that somebody made to point here.
     * @param {Request} request
     * @returns {200 | 401 | 403} the status to answer with if not 200
     */
    studio({ headers }) {
      if (headers.origin !== undefined && originHost(headers.origin) !== headers.host) return 403;
      if (studioToken === undefined) return local && isLoopback(hostname(headers.host)) ? 200 : 403;
      const basic = Buffer.from(credentials(headers.authorization, 'basic'), 'base64').toString();
      const password = basic.slice(basic.indexOf(':') + 1);
      return isReader(credentials(headers.authorization, 'bearer')) || isReader(password) ? 200 : 401;
    },
  };
}

/** @param {string[]} tokens @returns {(candidate: string) => boolean} in constant time, whatever the candidate's length */
function oneOf(tokens) {
  const expected = tokens.map(digest);
  return candidate => {
    const actual = digest(candidate);
    return expected.filter(token => timingSafeEqual(token, actual)).length > 0;
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
