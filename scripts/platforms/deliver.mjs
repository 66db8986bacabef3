// Runs the tests of __test__/platforms: the delivery cases of a platform with packed packages, and others.
import { join } from 'node:path';
import { ROOT, start } from '../run.mjs';
import { makeApplication } from './application.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number, output: string }} Result */

/**
 * @param {string} name  of the platform
 * @param {object} options
 * @param {string} options.tarballs  directory with what scripts/pack.mjs made
 * @param {string} options.application  directory, made anew below the repository
 * @param {string[]} [options.node]  command; this Node by default
 * @returns {Promise<Result>}
 */
export function deliver(name, { tarballs, application, node = [process.execPath] }) {
  makeApplication(tarballs, application);
  return runTests('delivery.test.mjs', { PLATFORM: name, APPLICATION: application, NODE: JSON.stringify(node) });
}

/** @param {string} file  in __test__/platforms @param {Record<string, string>} [env] @returns {Promise<Result>} */
export async function runTests(file, env = {}) {
  const args = ['--test', '--test-reporter=spec', join(ROOT, '__test__', 'platforms', file)];
  const { code, output } = await start(process.execPath, args, { env: { ...process.env, ...env }, mayFail: true });
  const count = (word) => Number(new RegExp(`^ℹ ${word} (\\d+)`, 'm').exec(output)?.[1] ?? 0);
  // A run that fails without a count has failed all the same.
  const failed = code === 0 ? 0 : Math.max(1, count('fail') + count('cancelled'));
  return { passed: count('pass'), failed, skipped: count('skipped'), output };
}
