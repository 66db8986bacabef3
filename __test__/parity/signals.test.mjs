// What of each signal reaches the server: path, headers, body; and which events are not sent at all.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { comparableRequests, runBoth } from '../support/both.mjs';
import {
  feedbackEvent, logEvent, makeSpan, metricEvent, scoreEvent, sendAll, SIGNALS, spanEvent,
} from '../support/events.mjs';

const span = (exporter, ...args) => exporter.exportTracingEvent(spanEvent(...args));
const inOrder = async (steps) => {
  for (const step of steps) await step;
};

// [name, what to send, the paths a server must see]
const CASES = [
  ['a span by exportTracingEvent', (e) => span(e), ['/ai/spans/publish']],
  ['a span by onTracingEvent', (e) => e.onTracingEvent(spanEvent()), ['/ai/spans/publish']],
  ['a log', (e) => e.onLogEvent(logEvent()), ['/ai/logs/publish']],
  ['a metric', (e) => e.onMetricEvent(metricEvent()), ['/ai/metrics/publish']],
  ['a score', (e) => e.onScoreEvent(scoreEvent()), ['/ai/scores/publish']],
  ['feedback', (e) => e.onFeedbackEvent(feedbackEvent()), ['/ai/feedback/publish']],
  ['all five', (e) => sendAll(e), ['feedback', 'logs', 'metrics', 'scores', 'spans'].map((s) => `/ai/${s}/publish`)],
  ['span_started is ignored', (e) => span(e, makeSpan(), 'span_started'), []],
  ['span_updated is ignored', (e) => span(e, makeSpan(), 'span_updated'), []],
  ['an unknown type is ignored', (e) => span(e, makeSpan(), 'span_paused'), []],
  ['model_chunk is ignored', (e) => span(e, makeSpan('s', { type: 'model_chunk' })), []],
  ['model_generation is sent', (e) => span(e, makeSpan('s', { type: 'model_generation' })), ['/ai/spans/publish']],
  ['a span is sent once, whatever came before', (e) => inOrder(['span_started', 'span_updated', 'span_ended'].map((type) => span(e, makeSpan(), type))), ['/ai/spans/publish']],
  ['other fields of the event are not sent', (e) => e.exportTracingEvent({ ...spanEvent(), extra: 1 }), ['/ai/spans/publish']],
  ['a log with every kind of field', (e) => e.onLogEvent(logEvent('l', { data: { when: new Date(0), nan: NaN, text: '\u2028\ud800' }, message: '', list: [undefined] })), ['/ai/logs/publish']],
  ['a log with its own toJSON', (e) => e.onLogEvent(logEvent('l', { toJSON() { return { only: this.logId }; } })), ['/ai/logs/publish']],
  ['a metric of value -0, NaN and 1e21', (e) => inOrder([-0, NaN, 1e21].map((value) => e.onMetricEvent(metricEvent('m', { value })))), ['/ai/metrics/publish']],
  ['a score with metadata', (e) => e.onScoreEvent(scoreEvent('s', { metadata: { 2: 'b', 1: 'a' } })), ['/ai/scores/publish']],
  ['feedback with a number', (e) => e.onFeedbackEvent(feedbackEvent('f', { value: 4.5 })), ['/ai/feedback/publish']],
  ['the same event twice', (e) => { const event = logEvent(); return inOrder([e.onLogEvent(event), e.onLogEvent(event)]); }, ['/ai/logs/publish']],
];

describe('signals', { concurrency: true }, () => {
  for (const [name, send, paths] of CASES) {
    for (const projectId of [undefined, 'my-project_1']) {
      test(`${name}${projectId ? ', in a project' : ''}`, async () => {
        const { peer, ours } = await runBoth({
          options: { projectId },
          drive: async ({ exporter }) => {
            await send(exporter);
            await exporter.flush();
          },
        });
        const expected = paths.map((path) => (projectId ? `/projects/${projectId}${path}` : path));
        assert.deepEqual(comparableRequests(peer.requests).map(({ path }) => path), expected);
        assert.deepEqual(comparableRequests(ours.requests), comparableRequests(peer.requests));
      });
    }
  }

  test('order within a signal is the order of the calls', async () => {
    const { ours } = await runBoth({
      drive: async ({ exporter }) => {
        for (let i = 0; i < 200; i++) for (const { send } of Object.values(SIGNALS)) void send(exporter, `${i}`);
        await exporter.flush();
      },
    });
    const expected = Array.from({ length: 200 }, (_, i) => `${i}`);
    const ids = Object.fromEntries(ours.requests.map(({ body, segment }) => [
      segment, body[segment].map((r) => (segment === 'spans' ? r.id : r.logId ?? r.metricId ?? r.scoreId ?? r.feedbackId)),
    ]));
    assert.deepEqual(ids, { spans: expected, logs: expected, metrics: expected, scores: expected, feedback: expected });
  });
});

// [name, token]: what a header can carry; fetch trims its end and sends latin-1 as single bytes.
const TOKENS = [
  ['plain', 'abc.DEF-123_~+/='],
  ['with spaces after it', 'padded  '],
  ['with a space inside', 'two words'],
  ['latin-1', 'clé-ÿ'],
  ['a trailing newline', 'from-a-file\n'],
  ['a tab inside', 'a\tb'],
  ['long', 'x'.repeat(8000)],
];

describe('the access token in the header', { concurrency: true }, () => {
  for (const [name, accessToken] of TOKENS) {
    test(name, async () => {
      const { peer, ours } = await runBoth({
        options: { accessToken, maxRetries: 1 },
        drive: async ({ exporter }) => {
          await sendAll(exporter);
          await exporter.flush();
        },
      });
      assert.equal(peer.requests.length, 5);
      assert.deepEqual(comparableRequests(ours.requests), comparableRequests(peer.requests));
    });
  }

  // fetch throws at such a header before it connects. Ours does not send it either, and says so once and for all.
  for (const [name, accessToken] of [['beyond latin-1', 'ключ'], ['a newline inside', 'a\nX-Injected: 1'], ['a NUL', 'a\0b']]) {
    test(`${name} is not sent`, async () => {
      const { peer, ours } = await runBoth({
        options: { accessToken, maxRetries: 1 },
        drive: async ({ exporter }) => {
          await sendAll(exporter);
          await exporter.flush();
          await sendAll(exporter);
          await exporter.flush();
        },
      });
      const errors = ({ calls }) => calls.filter(({ level }) => level === 'error').map(({ args: [message] }) => message);
      assert.deepEqual([peer.requests.length, ours.requests.length], [0, 0]);
      assert.ok(errors(peer).length > 0);
      assert.deepEqual(errors(ours), ['CloudExporter disabled: accessToken has characters that an HTTP header cannot carry']);
    });
  }
});

test('the length of the body is announced', async () => {
  const { peer, ours } = await runBoth({
    drive: async ({ exporter }) => {
      await span(exporter, makeSpan('ü', { input: '東京'.repeat(1000) }));
      await exporter.flush();
    },
  });
  for (const { requests } of [peer, ours]) {
    assert.equal(Number(requests[0].headers['content-length']), Buffer.byteLength(requests[0].text));
    assert.equal(requests[0].headers['transfer-encoding'], undefined);
    assert.equal(requests[0].headers['content-encoding'], undefined);
  }
});
