// docs/monitoring.md: its code runs, its table is what metrics() prints, and Prometheus understands all of it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { metrics } from '@opentelemetry/api';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import parsePrometheus from 'parse-prometheus-text-format';
import ts from 'typescript';

import { CloudExporter } from 'mastra-native-exporter';

import { codeBlocks, section } from '../support/documents.mjs';
import { SIGNALS } from '../support/events.mjs';
import { startServer } from '../support/server.mjs';

process.env.MASTRA_PLATFORM_ACCESS_TOKEN = 'token';

const PAGE = 'docs/monitoring.md';
const blocks = codeBlocks(PAGE);

/** Runs a TypeScript block of the page as a module; returns its exports. */
async function run(index) {
  const { code } = blocks.filter(({ language }) => language === 'ts')[index];
  const { outputText } = ts.transpileModule(code, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 } });
  const file = new URL(`./monitoring-${process.pid}-${index}.mjs`, import.meta.url);
  writeFileSync(file, outputText);
  try {
    return await import(file);
  } finally {
    rmSync(file);
  }
}

/** An exporter with one delivered and one refused record of each signal. */
async function usedExporter(t) {
  let answers = 0;
  const server = await startServer((request, response) => {
    answers += 1;
    response.statusCode = answers <= 5 ? 200 : 404;
    response.end('{}');
  });
  t.after(() => server.close());
  const exporter = new CloudExporter({ accessToken: 'token', endpoint: server.url, logLevel: 'error', logger: silent });
  for (let round = 0; round < 2; round += 1) {
    for (const { send } of Object.values(SIGNALS)) await send(exporter, `record-${round}`);
    await exporter.flush();
  }
  t.after(() => exporter.shutdown());
  return exporter;
}
const silent = Object.fromEntries(['debug', 'info', 'warn', 'error', 'trackException'].map((level) => [level, () => {}]));

describe('metrics()', () => {
  test('is the table of the page', async (t) => {
    const exporter = await usedExporter(t);
    const parsed = parsePrometheus(exporter.metrics());
    const printed = parsed.map(({ name, type, help, metrics: samples }) => {
      const labels = Object.keys(samples[0].labels).filter((label) => label !== 'exporter');
      return `| \`${name}\` | ${type.toLowerCase()} | ${labels.map((label) => `\`${label}\``).join(', ')}${labels.length > 0 ? ' ' : ''}| ${help} |`;
    });
    const table = section(PAGE, 'Prometheus').split('\n').filter((line) => line.startsWith('| `'));
    assert.deepEqual(printed, table);
    for (const { metrics: samples } of parsed) for (const { labels } of samples) assert.equal(labels.exporter, exporter.name);
  });

  test('has the numbers of stats()', async (t) => {
    const exporter = await usedExporter(t);
    const samples = Object.fromEntries(parsePrometheus(exporter.metrics()).map(({ name, metrics: list }) => [name, list]));
    const value = (name, labels) =>
      Number(samples[`mastra_exporter_${name}`].find((sample) => Object.entries(labels).every(([key, text]) => sample.labels[key] === text)).value);
    const stats = exporter.stats();
    for (const signal of Object.keys(SIGNALS)) {
      assert.deepEqual([value('records_accepted_total', { signal }), value('records_delivered_total', { signal })], [2, 1]);
      assert.equal(value('records_dropped_total', { signal, reason: 'refused' }), 1);
      assert.equal(stats[signal].dropped.refused, 1);
    }
    assert.equal(value('state', { state: 'healthy' }), 1);
    assert.equal(value('last_delivery_timestamp_seconds', {}), stats.lastDeliveredAt.getTime() / 1000);
    assert.equal(value('last_error_timestamp_seconds', {}), stats.lastError.at.getTime() / 1000);
  });

  test('a name with quotes, line breaks and backslashes stays one label', (t) => {
    const exporter = new CloudExporter({ accessToken: 'token', endpoint: 'http://127.0.0.1:1' });
    t.after(() => exporter.shutdown());
    exporter.name = 'a "b"\n\\c';
    assert.match(exporter.metrics(), /^mastra_exporter_records_accepted_total\{exporter="a \\"b\\"\\n\\\\c",signal="traces"\} 0$/m);
  });
});

test('the server of the page answers a scraper', async (t) => {
  const { server, exporter } = await run(0);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => Promise.all([new Promise((resolve) => server.close(resolve)), exporter.shutdown()]));
  const response = await fetch(`http://127.0.0.1:${server.address().port}/metrics`);
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4');
  assert.equal(await response.text(), exporter.metrics());
});

test('the gauge of the page is collected by OpenTelemetry', async (t) => {
  const memory = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: memory, exportIntervalMillis: 2 ** 31 - 1 });
  const provider = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(provider);
  const { exporter } = await run(1);
  t.after(() => Promise.all([provider.shutdown(), exporter.shutdown()]));
  await reader.forceFlush();
  const points = memory.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    .flatMap(({ descriptor, dataPoints }) => dataPoints.map(({ attributes, value }) => [descriptor.name, attributes.signal, value]));
  assert.deepEqual(points, Object.keys(SIGNALS).map((signal) => ['mastra.exporter.queued', signal, 0]));
});

const promtool = spawnSync('promtool', ['--version']).status === 0;
test('Prometheus takes the rules, and each fires when it should', { skip: !promtool && 'there is no promtool here; .ci/run installs it' }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'rules-'));
  try {
    writeFileSync(join(directory, 'rules.yml'), blocks.find(({ language }) => language === 'yaml').code);
    writeFileSync(join(directory, 'test.yml'), `
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: mastra_exporter_records_dropped_total{exporter="e", signal="traces", reason="refused"}
        values: 0 0 5x20
      - series: mastra_exporter_oldest_queued_seconds{exporter="e"}
        values: 3 3 90x20
      - series: mastra_exporter_state{exporter="e", state="authCooldown"}
        values: 0 0 1x20
    alert_rule_test:
${['MastraTelemetryDropped', 'MastraTelemetryLate', 'MastraTelemetryRejected'].map((name) => `      - { eval_time: 1m, alertname: ${name} }`).join('\n')}
      - eval_time: 5m
        alertname: MastraTelemetryDropped
        exp_alerts: [{ exp_labels: { exporter: e, signal: traces, reason: refused }, exp_annotations: { summary: 'e drops traces: refused' } }]
      - eval_time: 5m
        alertname: MastraTelemetryLate
        exp_alerts: [{ exp_labels: { exporter: e }, exp_annotations: { summary: 'e has records that have waited for 90 s' } }]
      - eval_time: 5m
        alertname: MastraTelemetryRejected
        exp_alerts: [{ exp_labels: { exporter: e, state: authCooldown }, exp_annotations: { summary: 'e sends nothing: authCooldown' } }]
`);
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'test.yml'], { cwd: directory, encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
