/** Times between frames, in a real browser before the real program. `npm run bench -- log` measures only that part. */

import { scene } from '../test/support/scene.ts';
import { measureDesk } from './bench/desk.ts';
import { measureLog } from './bench/log.ts';

const parts = { log: measureLog, desk: measureDesk };
const wanted = process.argv[2];

for (const [name, measure] of Object.entries(parts)) {
  if (wanted && wanted !== name) continue;
  const it = await scene();
  try {
    await measure(it);
  } finally {
    await it.stop();
  }
}
