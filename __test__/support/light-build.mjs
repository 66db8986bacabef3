// The built facade and engine, unchanged, with a stand-in for @mastra. Loading the real @mastra takes a quarter of a
// second in each worker, which is too long for 200 workers one after the other.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

const ERROR = `
export class MastraError extends Error {
  constructor({ id, text, ...rest }, cause) { super(text, { cause }); Object.assign(this, { id }, rest); }
}
export const ErrorDomain = { MASTRA_OBSERVABILITY: 'MASTRA_OBSERVABILITY' };
export const ErrorCategory = { USER: 'USER' };
`;
const CORE = `
export const SpanType = { MODEL_CHUNK: 'model_chunk' };
export const TracingEventType = { SPAN_ENDED: 'span_ended' };
`;
const LOGGER = `
export const LogLevel = {};
export class ConsoleLogger {}
`;
// Only the members of the base class that the facade uses. The other two classes are used only without a binary.
const OBSERVABILITY = `
export class BaseExporter {
  #disabled = false;
  constructor(config) { this.baseConfig = config; this.logger = { ...console, debug() {}, info() {}, trackException() {} }; }
  get isDisabled() { return this.#disabled; }
  setDisabled() { this.#disabled = true; }
}
export class CloudExporter extends BaseExporter {}
export class MastraPlatformExporter extends BaseExporter {}
`;

/** Builds it in a directory of its own. `url` is for `import`. */
export function makeLightBuild() {
  const directory = mkdtempSync(join(tmpdir(), 'light-build-'));
  const modules = join(directory, 'node_modules');
  const put = (path, text) => {
    mkdirSync(join(modules, path, '..'), { recursive: true });
    writeFileSync(join(modules, path), text);
  };
  put('@mastra/core/package.json', JSON.stringify({ type: 'module', exports: { './*': './*.js' } }));
  put('@mastra/core/error.js', ERROR);
  put('@mastra/core/logger.js', LOGGER);
  put('@mastra/core/observability.js', CORE);
  put('@mastra/observability/package.json', JSON.stringify({ type: 'module', exports: './index.js' }));
  put('@mastra/observability/index.js', OBSERVABILITY);
  put('light/package.json', JSON.stringify({ type: 'module' }));
  put('light/dist/index.js', '');
  const copy = (from, to) => copyFileSync(join(root, from), join(modules, 'light', to));
  copy('dist/index.js', 'dist/index.js');
  for (const name of readdirSync(root).filter((name) => name.endsWith('.node'))) copy(name, name);
  return {
    url: pathToFileURL(join(modules, 'light/dist/index.js')).href,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
