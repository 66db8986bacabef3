// The figures of the README are those that `npm run volume` measured.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { results, table, tableOfReadme } from './volume/table.mjs';

test('the table of what the stores do is made of what was measured', () => {
  assert.equal(tableOfReadme(), table(results()));
});
