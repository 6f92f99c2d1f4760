/** How smoothly 10,000 messages scroll: times between frames, in a real browser before the real program. */

import { scene } from '../test/support/scene.ts';

const MESSAGES = 10_000;
const AT_ONCE = 50;

const it = await scene();
try {
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
  const scroller = page.locator('.scroller');
  await scroller.evaluate((element) => {
    const frames: number[] = [];
    Object.assign(globalThis, { frames });
    let last = performance.now();
    const frame = (now: number) => {
      frames.push(now - last);
      last = now;
      // As a wheel that is turned fast: 90 pixels a frame.
      element.scrollTop -= 90;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  const begun = Date.now();
  await page.locator('[data-seq="1"]').waitFor({ state: 'attached', timeout: 300_000 });
  const seconds = (Date.now() - begun) / 1000;
  const frames = await page.evaluate(() => (globalThis as unknown as { frames: number[] }).frames);
  const sorted = frames.slice(1).sort((a, b) => a - b);
  const at = (part: number) => (sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(1);
  const slow = sorted.filter((ms) => ms > 50).length;
  console.log(`${MESSAGES} messages in ${seconds.toFixed(0)} s, ${sorted.length} frames`);
  console.log(
    `between frames: median ${at(0.5)} ms, 95 % ${at(0.95)} ms, 99 % ${at(0.99)} ms, worst ${at(0.9999)} ms; ${slow} over 50 ms`,
  );
  console.log(`rows in the document: ${await page.locator('[data-seq]').count()}`);
} finally {
  await it.stop();
}
