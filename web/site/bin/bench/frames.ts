/** Scrolling as a wheel does that is turned fast, and the times between the frames of it. */

import type { Locator, Page } from 'playwright-core';

/** Moves by this many pixels at each frame, until `frames` is asked for. */
export async function scrollOn(scroller: Locator, pixels: number): Promise<void> {
  await scroller.evaluate((element, pixels) => {
    const frames: number[] = [];
    const scrolling = { frames, isOver: false };
    Object.assign(globalThis, { scrolling });
    let last = performance.now();
    const frame = (now: number) => {
      if (scrolling.isOver) return;
      frames.push(now - last);
      last = now;
      element.scrollTop += pixels;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }, pixels);
}

/** Ends the scrolling, and prints how smooth it was. */
export async function printFrames(page: Page): Promise<void> {
  const frames = await page.evaluate(() => {
    const { scrolling } = globalThis as unknown as { scrolling: { frames: number[]; isOver: boolean } };
    scrolling.isOver = true;
    return scrolling.frames;
  });
  // The first is the time until the first frame.
  const sorted = frames.slice(1).sort((a, b) => a - b);
  const at = (part: number) => (sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(1);
  const slow = sorted.filter((ms) => ms > 50).length;
  const worst = (sorted.at(-1) ?? 0).toFixed(1);
  console.log(
    `  between ${sorted.length} frames: median ${at(0.5)} ms, 95 % ${at(0.95)} ms, 99 % ${at(0.99)} ms, worst ${worst} ms; ${slow} over 50 ms`,
  );
}

/** What the page's scripts hold, once what they have let go of is gone. */
export async function heapOf(page: Page): Promise<string> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return `${(usedSize / 1e6).toFixed(1)} MB`;
}
