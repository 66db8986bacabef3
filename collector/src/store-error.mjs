import { MastraError } from '@mastra/core/error';

/** @param {unknown} error @returns {boolean} whether Mastra says that a store has no place for a signal */
export function isNotImplemented(error) {
  return error instanceof MastraError && error.id.endsWith('_NOT_IMPLEMENTED');
}

/** Mastra wraps what its drivers throw. @param {any} error @returns {any} */
export function rootCause(error) {
  return error?.cause instanceof Error ? rootCause(error.cause) : error;
}
