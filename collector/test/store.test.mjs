// Mastra makes the tables at its first request, the collector at its start and every hour: that must not collide.
import { openStore } from '../src/store.mjs';
import { duckdb, test } from './support/test.mjs';

test('the tables of DuckDB may be asked for at once, in a new file and in one that is there', async t => {
  const [, path] = await duckdb(t);
  for (let start = 0; start < 2; start += 1) {
    const store = await openStore(`file:${path}`, undefined);
    await Promise.all(Array.from({ length: 20 }, () => store.observability.init()));
    await store.close();
  }
});
