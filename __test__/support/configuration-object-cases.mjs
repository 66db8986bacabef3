// The cases of subclasses.test.mjs about the object that an exporter gets as its configuration.
import { redacted, secretSpan } from './subclass-cases.mjs';

/** In the form of `SUBCLASS_CASES`. */
export const CONFIGURATION_CASES = [
  ['baseConfig is the object that was given', ['baseConfig', 'constructor'], { drive: ({ exporter, config }) => exporter.baseConfig === config }],
  ['configuration: a formatter set later, exchanged, removed', ['baseConfig', 'applySpanFormatter'], {
    drive: async ({ exporter, config }) => {
      await exporter.onTracingEvent(secretSpan('none'));
      config.customSpanFormatter = redacted;
      await exporter.onTracingEvent(secretSpan('redacted'));
      config.customSpanFormatter = (span) => ({ ...span, name: 'renamed' });
      await exporter.onTracingEvent(secretSpan('renamed'));
      delete config.customSpanFormatter;
      await exporter.onTracingEvent(secretSpan('none again'));
      await exporter.flush();
    },
  }],
  ...[
    ['frozen', (options) => Object.freeze({ ...options, customSpanFormatter: redacted })],
    ['without a prototype', (options) => Object.assign(Object.create(null), options, { customSpanFormatter: redacted })],
    ['a proxy', (options) => new Proxy({}, {
      get: (_, name) => (name === 'customSpanFormatter' ? redacted : options[name]),
      has: (_, name) => name === 'customSpanFormatter' || name in options,
    })],
  ].map(([what, configure]) => [`configuration: ${what}`, ['baseConfig'], {
    configure,
    drive: async ({ exporter }) => {
      await exporter.exportTracingEvent(secretSpan('one'));
      await exporter.onTracingEvent(secretSpan('two'));
      await exporter.flush();
    },
  }]),
  ['configuration: methods and accessors of a class, with private fields', ['baseConfig', 'logger'], {
    configure: (options) => new (class {
      #options = options;
      #word = 'redacted by the class';
      get accessToken() { return this.#options.accessToken; }
      get endpoint() { return this.#options.endpoint; }
      get maxBatchWaitMs() { return this.#options.maxBatchWaitMs; }
      get logger() { return this.#options.logger; }
      customSpanFormatter(span) { return { ...span, input: this.#word }; }
    })(),
    drive: async ({ exporter }) => {
      await exporter.exportTracingEvent(secretSpan('one'));
      await exporter.onTracingEvent(secretSpan('two'));
      await exporter.flush();
    },
  }],
  ['configuration: a formatter that an accessor makes', ['baseConfig'], {
    configure: (options) => Object.create({ get customSpanFormatter() { return redacted; } }, Object.getOwnPropertyDescriptors(options)),
    drive: async ({ exporter }) => {
      await exporter.onTracingEvent(secretSpan());
      await exporter.flush();
    },
  }],
  ...['debug', 'error', 3].map((level) => [`configuration: logLevel ${level} of an accessor`, ['resolveLogLevel', 'logger'], {
    configure: ({ logger, ...options }) => Object.create({ get logLevel() { return level; } }, Object.getOwnPropertyDescriptors({ ...options, accessToken: '' })),
    drive: ({ exporter }) => exporter.logger.level,
  }]),
];
