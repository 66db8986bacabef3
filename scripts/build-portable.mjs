// `npm run build:portable [-- TARGET]`: the binary as it is released, for this machine or for another target, in the
// repository; says what it needs.
import { buildBinary } from './platforms/portable.mjs';
import { run } from './run.mjs';

const host = /^host: (.+)$/m.exec(run('rustc', ['-vV'], { stdio: 'pipe' }))[1];
console.log(await buildBinary(process.argv[2] ?? host));
