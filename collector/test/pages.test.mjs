// The pages that the collector adds to Studio, and what it answers to Studio about scorers.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { collectorFor, duckdb, test } from './support/test.mjs';
import { annotations, span } from './support/wire.mjs';

test('"All metrics" lists every metric by its name, those of applications included', async t => {
  const collector = await collectorFor(t, await duckdb(t));
  const { metrics } = annotations('trace', 'span');
  const names = ['mastra_agent_duration_ms', 'lookups', '<b>odd & long</b>', ...Array.from({ length: 300 }, (_, index) => `own_${index}`)];
  const records = names.map(name => ({ ...metrics, metricId: randomUUID(), name }));
  assert.equal((await collector.publish('metrics', records)).stored, names.length);
  const page = await (await collector.request('/all-metrics', { headers: { accept: 'text/html' } })).text();
  const listed = [...page.matchAll(/<a href="\/all-metrics\?name=([^"]+)">/g)].map(([, name]) => decodeURIComponent(name));
  assert.deepEqual(listed, names.toSorted());
  assert.ok(!page.includes('<b>'));
});

test('"Scorers" lists the scorers of the newest 1,000 scores', async t => {
  const collector = await collectorFor(t, await duckdb(t));
  const { traceId, spanId } = span();
  const { scores } = annotations(traceId, spanId);
  const score = (index, scorerId) => ({ ...scores, scoreId: randomUUID(), scorerId, timestamp: new Date(Date.now() - index * 1000).toISOString() });
  const newest = Array.from({ length: 1000 }, (_, index) => score(index, index === 999 ? 'the last of them' : `of ${index % 3}`));
  await collector.publish('scores', [...newest, score(1000, 'one too old')]);
  const scorers = await (await collector.request('/api/scores/scorers')).json();
  assert.deepEqual(Object.keys(scorers).sort(), ['of 0', 'of 1', 'of 2', 'the last of them']);
});
