// Options of our own: which values are errors, which are accepted, and that the declarations name the true defaults.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { MastraError } from '@mastra/core/error';
import { nativeBinding } from 'mastra-native-exporter';
import { withEnv } from '../support/env.mjs';
import { recordingLogger } from '../support/logger.mjs';
import { OurExporter, OurPlatformExporter } from '../support/sides.mjs';

const SPECS = JSON.parse(createRequire(import.meta.url)(nativeBinding.path).optionSpecs());
const OWN = SPECS.filter(({ lenient }) => !lenient);
const LENIENT = SPECS.filter(({ lenient }) => lenient);

const MIB = 1 << 20;
// [option, least, most]: spelled out, so that a change of the limits is seen.
const LIMITS = {
  retryWindowMs: [0, 86_400_000],
  requestTimeoutMs: [1, 600_000],
  connectTimeoutMs: [1, 600_000],
  flushTimeoutMs: [0, 600_000],
  shutdownTimeoutMs: [0, 600_000],
  exitTimeoutMs: [0, 600_000],
  maxBatchBytes: [1024, 256 * MIB],
  maxRecordBytes: [1024, 256 * MIB],
  maxQueueBytes: [MIB, 4096 * MIB],
  maxSpoolBytes: [MIB, MIB * MIB],
  maxSpoolAgeMs: [1000, 31_536_000_000],
};
const KINDS = [
  [OurExporter, 'CloudExporter', 'CLOUD_EXPORTER'],
  [OurPlatformExporter, 'MastraPlatformExporter', 'MASTRA_PLATFORM_EXPORTER'],
];

const make = (own, Exporter = OurExporter, logger = recordingLogger()) => (
  withEnv({}, () => new Exporter({ accessToken: 't', endpoint: 'http://127.0.0.1:1', logger, ...own })));

function assertRefused(Exporter, [exporterName, prefix], option, value, { shown, allowed }) {
  assert.throws(() => make({ [option]: value }, Exporter), (error) => {
    assert.ok(error instanceof MastraError);
    const { id, domain, category, details, message } = error;
    assert.deepEqual([id, domain, category], [`${prefix}_INVALID_OPTION`, 'MASTRA_OBSERVABILITY', 'USER']);
    assert.deepEqual({ ...details }, { option, value: shown, allowed });
    assert.equal(message, `${exporterName} ${option} must be ${allowed}, got ${shown}.`);
    return true;
  });
}

// [value, as it is shown]; for any number option.
const STRANGE = [
  [1024.5, '1024.5'], [NaN, 'NaN'], [Infinity, 'Infinity'], [-Infinity, '-Infinity'], ['2000', "'2000'"], ['', "''"], [true, 'true'],
  [false, 'false'], [2000n, '2000n'], [{}, '{}'], [{ a: { b: 1 } }, '{ a: [Object] }'], [[], '[]'], [[2000], '[ 2000 ]'], [Symbol('ms'), 'Symbol(ms)'],
  [new Date(NaN), 'Invalid Date'], ['x'.repeat(500), `'${'x'.repeat(100)}'... 400 more characters`],
];

describe('number options', () => {
  test('the table is the one of this test', () => {
    assert.deepEqual(Object.fromEntries(OWN.map(({ name, min, max }) => [name, [min, max]])), LIMITS);
    assert.deepEqual(LENIENT.map(({ name }) => name), ['maxBatchSize', 'maxBatchWaitMs', 'maxRetries']);
  });

  for (const [Exporter, ...names] of KINDS) {
    for (const { name, unit } of OWN) {
      const [min, max] = LIMITS[name];
      const allowed = `an integer from ${min} to ${max} (${unit})`;
      for (const [value, shown] of [[min - 1, `${min - 1}`], [max + 1, `${max + 1}`], ...STRANGE]) {
        test(`${names[0]} ${name}: ${typeof value} ${shown} is refused`, () => assertRefused(Exporter, names, name, value, { shown, allowed }));
      }

      test(`${names[0]} ${name}: the limits, undefined and null are accepted`, () => {
        for (const value of [min, max, undefined, null]) assert.equal(make({ [name]: value }, Exporter).isDisabled, false);
      });
    }
  }

  test('an option of the peer is never refused', () => {
    for (const { name } of LENIENT) {
      for (const [value] of [...STRANGE, [-1], [2 ** 60]]) assert.equal(make({ [name]: value }).isDisabled, false, `${name} ${String(value)}`);
    }
  });

  test('a bad value is refused without a token, too', () => {
    assert.throws(() => make({ accessToken: undefined, maxQueueBytes: 1 }), { id: 'CLOUD_EXPORTER_INVALID_OPTION' });
  });

  test('the first bad one is named, after a bad address', () => {
    assert.throws(() => make({ endpoint: 'no', maxQueueBytes: 1 }), { id: 'CLOUD_EXPORTER_INVALID_ENDPOINT' });
    assert.throws(() => make({ flushTimeoutMs: -1, maxQueueBytes: 1 }), { details: { option: 'flushTimeoutMs', value: '-1', allowed: 'an integer from 0 to 600000 (ms)' } });
  });
});

describe('compression', () => {
  const BAD = [['deflate', "'deflate'"], ['GZIP', "'GZIP'"], [' gzip', "' gzip'"], ['', "''"], [true, 'true'], [false, 'false'], [0, '0'], [{}, '{}'], [['gzip'], "[ 'gzip' ]"], [Symbol('gzip'), 'Symbol(gzip)']];
  for (const [Exporter, ...names] of KINDS) {
    for (const [value, shown] of BAD) {
      test(`${names[0]}: ${shown} is refused`, () => assertRefused(Exporter, names, 'compression', value, { shown, allowed: "'none' or 'gzip'" }));
    }
    for (const value of ['none', 'gzip', undefined, null]) test(`${names[0]}: ${value} is accepted`, () => void make({ compression: value }, Exporter));
  }
});

describe('the declarations', () => {
  test('name the same defaults and limits', () => {
    const types = readFileSync(new URL('../../index.d.ts', import.meta.url), 'utf8');
    for (const { name, default: value, min, max } of OWN) {
      const [, comment] = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*${name}\\?: number`).exec(types) ?? [];
      assert.ok(comment, name);
      const numbers = comment.match(/\d+/g).map(Number);
      for (const number of [value, min, max]) assert.ok(numbers.includes(number), `${name}: ${number} in ${comment}`);
    }
  });
});
