// `npm run build:portable [-- TARGET]` builds the binary as it is released, for this machine or another target, into the
// repository. It prints the libraries that the binary needs.
import { buildBinary } from './platforms/portable.mjs';
import { run } from './run.mjs';

const host = /^host: (.+)$/m.exec(run('rustc', ['-vV'], { stdio: 'pipe' }))[1];
console.log(await buildBinary(process.argv[2] ?? host));
