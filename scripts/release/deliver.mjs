// `node scripts/release/deliver.mjs TARGET`: the delivery cases on this machine, with the tarballs of artifacts/.
import { join } from 'node:path';
import { deliver } from '../platforms/deliver.mjs';
import { platformOf } from '../platforms/list.mjs';
import { ROOT } from '../run.mjs';

const { name } = platformOf(process.argv[2]);
const application = join(ROOT, 'target', 'platforms', name, 'application');
const { passed, failed, skipped, output } = await deliver(name, { tarballs: join(ROOT, 'artifacts'), application });
console.log(output);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
