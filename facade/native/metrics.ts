import { SIGNALS } from './signals.js';
import { EXPORTER_STATES, type ExporterStats, type SignalStats } from './stats.js';

interface Metric {
  name: string;
  type: 'counter' | 'gauge';
  help: string;
}

/** One sample: its labels besides `exporter`, and its value. */
type Sample = readonly [labels: Record<string, string>, value: number];

/**
 * Returns counters and state as Prometheus text (exposition format 0.0.4): base units, names of counters end in
 * `_total`. Every sample has the label `exporter`.
 */
export function prometheusText(exporterName: string, stats: ExporterStats): string {
  const bySignal = (read: (stats: SignalStats) => number): Sample[] => SIGNALS.map((signal) => [{ signal }, read(stats[signal])]);
  const dropped = SIGNALS.flatMap((signal) =>
    Object.entries(stats[signal].dropped).map(([reason, count]): Sample => [{ signal, reason }, count]));
  const seconds = (date: Date | undefined): Sample[] => (date ? [[{}, date.getTime() / 1000]] : []);
  const metrics: [Metric, Sample[]][] = [
    [counter('records_accepted', 'Records that were exported.'), bySignal(({ accepted }) => accepted)],
    [counter('records_delivered', 'Records that the collector has taken.'), bySignal(({ delivered }) => delivered)],
    [counter('records_dropped', 'Records that were given up.'), dropped],
    [counter('records_retried', 'Records that were sent again, once for each time.'), bySignal(({ retried }) => retried)],
    [gauge('queued_records', 'Records that wait.'), bySignal(({ queued }) => queued)],
    [gauge('queued_bytes', 'JSON bytes of the records that wait.'), bySignal(({ queuedBytes }) => queuedBytes)],
    [gauge('in_flight_records', 'Records in requests without an answer.'), bySignal(({ inFlight }) => inFlight)],
    [gauge('spooled_records', 'Records that are in the spool and not in memory.'), bySignal(({ spooled }) => spooled)],
    [gauge('spool_bytes', 'Bytes that the spool takes on the disk.'), bySignal(({ spoolBytes }) => spoolBytes)],
    [gauge('oldest_queued_seconds', 'Age of the oldest record that is not delivered.'), [[{}, stats.oldestQueuedMs / 1000]]],
    [gauge('state', '1 for the state that the exporter is in.'), EXPORTER_STATES.map((state) => [{ state }, Number(state === stats.state)])],
    [gauge('last_delivery_timestamp_seconds', 'When the collector last took records.'), seconds(stats.lastDeliveredAt)],
    [gauge('last_error_timestamp_seconds', 'When a request last failed.'), seconds(stats.lastError?.at)],
  ];
  return metrics.map(([metric, samples]) => textOf(metric, exporterName, samples)).join('');
}

function counter(name: string, help: string): Metric {
  return { name: `mastra_exporter_${name}_total`, type: 'counter', help };
}

function gauge(name: string, help: string): Metric {
  return { name: `mastra_exporter_${name}`, type: 'gauge', help };
}

function textOf({ name, type, help }: Metric, exporter: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries({ exporter, ...labels }).map(([label, text]) => `${label}="${escaped(text)}"`);
    return `${name}{${pairs.join(',')}} ${value}\n`;
  });
  return lines.length === 0 ? '' : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

/** A name that an application has chosen may contain any character. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
