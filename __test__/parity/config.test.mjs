// Options and environment: where the signals go, and what the constructor throws at.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BaseExporter } from '@mastra/observability';
import { CONFIG_CASES, outcome } from '../support/config-cases.mjs';
import { withEnv } from '../support/env.mjs';
import { sendAll } from '../support/events.mjs';
import { recordingLogger, withoutTokenWarning } from '../support/logger.mjs';
import { OurExporter, PeerExporter } from '../support/sides.mjs';

describe('options and environment', { concurrency: true }, () => {
  for (const [name, makeCase] of CONFIG_CASES) {
    test(name, async () => {
      const [peer, ours] = await Promise.all([outcome(PeerExporter, makeCase), outcome(OurExporter, makeCase)]);
      assert.deepEqual(ours, peer);
    });
  }

  test('the table covers both: some throw, some deliver, some are disabled', async () => {
    const outcomes = await Promise.all(CONFIG_CASES.map(([, makeCase]) => outcome(PeerExporter, makeCase)));
    assert.ok(outcomes.filter(({ threw }) => threw).length > 20);
    assert.ok(outcomes.filter(({ requests }) => requests?.length === 5).length > 40);
    assert.equal(outcomes.filter(({ disabled }) => disabled).length, 2);
  });
});

describe('without an access token', () => {
  test('the same debug line, every call does nothing', async () => {
    const lines = withEnv({}, () => [PeerExporter, OurExporter].map((CloudExporter) => {
      const logger = recordingLogger();
      return { logger, exporter: new CloudExporter({ logger }) };
    }));
    for (const { exporter } of lines) {
      assert.equal(exporter.isDisabled, true);
      await sendAll(exporter);
      await exporter.onTracingEvent({ type: 'span_ended' });
      await exporter.flush();
      await exporter.shutdown();
    }
    const [peer, ours] = lines.map(({ logger }) => logger.calls);
    assert.equal(peer.length, 1);
    assert.deepEqual(withoutTokenWarning(ours), peer);
  });

  test('no options at all', () => {
    const [peer, ours] = withEnv({}, () => [new PeerExporter(), new OurExporter()]);
    assert.equal(ours.isDisabled, peer.isDisabled);
    assert.equal(ours.name, peer.name);
  });
});

describe('identity', () => {
  const make = (CloudExporter, options) => withEnv({}, () => new CloudExporter({ accessToken: 't', logger: recordingLogger(), ...options }));

  test('name, class and prototype', () => {
    const [peer, ours] = [make(PeerExporter), make(OurExporter)];
    assert.ok(ours instanceof BaseExporter);
    assert.equal(ours.name, peer.name);
    assert.equal(ours.constructor.name, peer.constructor.name);
    assert.equal(ours.isDisabled, false);
    for (const method of ['exportTracingEvent', 'onTracingEvent', 'onLogEvent', 'onMetricEvent', 'onScoreEvent', 'onFeedbackEvent', 'flush', 'shutdown', '__setLogger']) {
      assert.equal(typeof ours[method], 'function', method);
      assert.equal(ours[method].length, peer[method].length, `${method}.length`);
    }
  });

  test('methods return promises', async () => {
    const ours = make(OurExporter);
    for (const result of [ours.exportTracingEvent({ type: 'span_started' }), ours.flush(), ours.shutdown()]) {
      assert.ok(result instanceof Promise);
      assert.equal(await result, undefined);
    }
    assert.equal(ours.onTracingEvent({ type: 'span_started' }), undefined, 'the bus takes both');
  });

  test('a subclass can be made', () => {
    class Named extends OurExporter {
      name = 'mine';
    }
    const exporter = make(Named);
    assert.equal(exporter.name, 'mine');
    assert.ok(exporter instanceof OurExporter);
  });

  test('__setLogger says so to the new logger', () => {
    const [peer, ours] = [PeerExporter, OurExporter].map((CloudExporter) => {
      const [first, second] = [recordingLogger(), recordingLogger()];
      make(CloudExporter, { logger: first }).__setLogger(second);
      return { first: first.calls, second: second.calls };
    });
    assert.equal(peer.second.length, 1);
    assert.deepEqual(ours, peer);
  });
});
