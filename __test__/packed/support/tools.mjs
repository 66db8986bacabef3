// The pinned tools of ../tools, which `npm run test:packed` installs.
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODULES = fileURLToPath(new URL('../tools/node_modules/', import.meta.url));

/** Node binaries by major version: `[['20', path], ...]`. */
export const NODES = readdirSync(MODULES)
  .filter((name) => /^node\d+$/.test(name))
  .map((name) => [name.slice('node'.length), join(MODULES, name, 'bin', 'node')]);

/** The newest of them, for tools that do not run on the oldest. */
export const NEWEST_NODE = NODES.at(-1)[1];

export const PNPM = join(MODULES, 'pnpm', 'bin', 'pnpm.cjs');
export const YARN = join(MODULES, 'yarn', 'bin', 'yarn.js');
export const BUN = join(MODULES, '@oven', 'bun-linux-x64', 'bin', 'bun');
export const DENO = join(MODULES, '@deno', 'linux-x64-glibc', 'deno');

/** The tracer of files. */
export const { nodeFileTrace } = createRequire(join(MODULES, 'x'))('@vercel/nft');
