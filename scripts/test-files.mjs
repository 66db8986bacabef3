import { readdirSync } from 'node:fs';

/** A test that takes longer than this has hung. It fails, and the run ends with the name of the test. */
export const TEST_TIMEOUT = '--test-timeout=900000';

/** The test files below `__test__/`. Those of the packed tarballs and of other platforms have commands of their own. */
export function testFiles() {
  const files = readdirSync('__test__', { recursive: true }).map((name) => name.replaceAll('\\', '/'));
  return files.filter((name) => name.endsWith('.test.mjs') && !/^(packed|platforms)\//.test(name) && !name.includes('node_modules/')).sort().map((name) => `__test__/${name}`);
}
