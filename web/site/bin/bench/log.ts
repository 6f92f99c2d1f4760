/** How smoothly 10,000 messages scroll. */

import type { Scene } from '../../test/support/scene.ts';
import { heapOf, printFrames, scrollOn } from './frames.ts';

const MESSAGES = 10_000;
const AT_ONCE = 50;

export async function measureLog(it: Scene): Promise<void> {
  const writer = await it.caller({ sub: 'writer', name: 'Writer' });
  const room = await writer.opens({ kind: 'direct', with: 'reader' });
  for (let n = 0; n < MESSAGES; n += AT_ONCE)
    await Promise.all(
      Array.from({ length: AT_ONCE }, (_, i) =>
        writer.posts(room.id, `Message ${n + i} ${'word '.repeat(n % 23)}`),
      ),
    );
  const reader = await it.caller({ sub: 'reader' });
  await reader.call('PUT', `/v1/rooms/${room.id}/read`, { seq: MESSAGES });
  const page = await it.open(`/inbox/${room.id}`, 'reader');
  await page.locator(`[data-seq="${MESSAGES}"]`).waitFor();
  await page.mouse.move(800, 400);
  const begun = Date.now();
  await scrollOn(page.locator('.scroller'), -90);
  await page.locator('[data-seq="1"]').waitFor({ state: 'attached', timeout: 300_000 });
  console.log(`${MESSAGES} messages in ${((Date.now() - begun) / 1000).toFixed(0)} s`);
  await printFrames(page);
  const rows = await page.locator('[data-seq]').count();
  console.log(`  rows in the document: ${rows}; heap ${await heapOf(page)}`);
}
