import { StringDecoder } from 'node:string_decoder';

import { rootCause } from './store-error.mjs';

/** Escapes in JSON text that can stand for a NUL or a surrogate; without them there is nothing to look for. */
const SUSPICIOUS = /\\u(0000|[dD][89a-fA-F])/;
/** Every escape, so that none is read from its middle. Of these a NUL and a lone surrogate have `REPLACED_LENGTH`. */
const ESCAPES = /\\(?:u0000|u[dD][89abAB][\da-fA-F]{2}(?:\\u[dD][c-fC-F][\da-fA-F]{2})?|u[dD][c-fC-F][\da-fA-F]{2}|[^])/g;
const REPLACED_LENGTH = '\\u0000'.length;
/** The number of escapes between two places where the work may be interrupted. */
const STEP_ESCAPES = 10_000;
/** The number of bytes decoded between two such places. */
const STEP_BYTES = 1024 * 1024;

/**
 * @param {Buffer} bytes  UTF-8
 * @returns {Generator<void, string, void>}
 */
export function* text(bytes) {
  const decoder = new StringDecoder('utf8');
  const parts = [];
  for (let start = 0; start < bytes.length; start += STEP_BYTES) {
    parts.push(decoder.write(bytes.subarray(start, start + STEP_BYTES)));
    yield;
  }
  return parts.join('') + decoder.end();
}

/** @param {string} json @returns {boolean} whether its strings may hold what `storable` replaces */
export function mayBeUnstorable(json) {
  return SUSPICIOUS.test(json);
}

/**
 * Replaces NUL characters and lone surrogates by U+FFFD in all strings, keys too, because databases reject both. JSON text
 * has them as escapes only.
 * @param {string} json
 * @returns {Generator<void, string, void>}
 */
export function* storable(json) {
  const parts = [];
  /** Joined in each step: one string of millions of parts would take long to read. @type {string[]} */
  let step = [];
  let [end, escapes] = [0, 0];
  for (const { 0: { length }, index } of json.matchAll(ESCAPES)) {
    if (length === REPLACED_LENGTH) {
      step.push(json.slice(end, index), '\uFFFD');
      end = index + length;
    }
    if (++escapes % STEP_ESCAPES > 0) continue;
    parts.push(step.join(''));
    step = [];
    yield;
  }
  return parts.join('') + step.join('') + json.slice(end);
}

/** @param {any} error @returns {string} one line, not longer than one wants to read: it may quote what was sent */
export function firstLine(error) {
  const [line = ''] = String(rootCause(error)?.message ?? error).split('\n', 1);
  return line.slice(0, 200);
}

/** @param {string} segment  of a path @returns {string} as it is if it is not encoded well */
export function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
