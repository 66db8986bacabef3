// Options that no exporter has: one warning each, and the nearest known one.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { CloudExporter, MastraPlatformExporter } from 'mastra-native-exporter';

import { recordingLogger } from '../support/logger.mjs';

/** The warnings of an exporter with these options. */
function warnings(Exporter, options) {
  const logger = recordingLogger();
  new Exporter(Object.assign(options, { logger, accessToken: 'token', endpoint: 'http://127.0.0.1:1' }));
  return logger.calls.filter(({ level }) => level === 'warn').map(({ args }) => args[0]);
}

const CASES = [
  ['maxBatchWait', 'maxBatchWaitMs'],
  ['maxretries', 'maxRetries'],
  ['retryWindow', 'retryWindowMs'],
  ['acessToken', 'accessToken'],
  ['spansEndpoint', 'tracesEndpoint'],
  ['colour', undefined],
];

describe('unknown options', () => {
  for (const [option, nearest] of CASES) {
    test(`${option} is close to ${nearest ?? 'nothing'}`, () => {
      const hint = nearest ? `; did you mean ${nearest}?` : '';
      assert.deepEqual(warnings(CloudExporter, { [option]: 1 }), [`CloudExporter ignores the unknown option ${option}${hint}`]);
    });
  }

  test('resolveFromEnv is an option of one exporter alone', () => {
    assert.deepEqual(warnings(MastraPlatformExporter, { resolveFromEnv: false }), []);
    assert.deepEqual(warnings(CloudExporter, { resolveFromEnv: false }), ['CloudExporter ignores the unknown option resolveFromEnv']);
  });

  test('what an instance of a class carries is its own affair', () => {
    class Options { cache = new Map(); }
    assert.deepEqual(warnings(CloudExporter, new Options()), []);
  });
});
