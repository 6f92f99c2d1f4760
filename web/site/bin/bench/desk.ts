/** A dashboard with 50,000 chats: how soon it is there, what it asks for and holds, and how smoothly it scrolls. */

import { openSupportChats } from '../../test/support/chats.ts';
import { type Scene, setClock } from '../../test/support/scene.ts';
import { heapOf, printFrames, scrollOn } from './frames.ts';

const CHATS = 50_000;
/** As far as anybody scrolls, and farther. */
const SCROLLED = 5_000;
const ROW = 104;
/** So many come within each minute, by the domain's clock. */
const A_MINUTE = 250;
const BEGUN = Date.parse('2026-01-05T10:00:00Z');

export async function measureDesk(it: Scene): Promise<void> {
  const seeding = Date.now();
  for (let n = 0; n < CHATS; n += A_MINUTE) {
    await setClock(it.url, new Date(BEGUN + (n / A_MINUTE) * 60_000).toISOString());
    await openSupportChats(it.url, n + 1, A_MINUTE);
    if ((n + A_MINUTE) % 2_500 === 0)
      console.log(`  ${n + A_MINUTE} of ${CHATS} chats, ${Math.round((Date.now() - seeding) / 1000)} s`);
  }
  await setClock(it.url, null);
  const page = await it.open('/config.json', 'agnes');
  const asked: string[] = [];
  page.on('request', (request) => request.url().includes('/v1/') && asked.push(request.url()));
  const list = page.locator('desk-list');
  const rows = () => page.locator('desk-list li').count();
  const begun = Date.now();
  await page.goto(`${it.site}/desk?as=agnes`);
  await page.locator('desk-list a').first().waitFor();
  const first = Date.now() - begun;
  await page.waitForLoadState('networkidle');
  console.log(`${CHATS} chats: first rows after ${first} ms, ${asked.length} requests`);
  console.log(`  rows in the document: ${await rows()}; heap ${await heapOf(page)}`);
  asked.length = 0;
  await page.mouse.move(200, 400);
  const scrolling = Date.now();
  await scrollOn(list, 2 * ROW);
  await page.waitForFunction(
    ([rows, height]) => {
      const list = document.querySelector('desk-app')?.shadowRoot?.querySelector('desk-list');
      return list && list.scrollTop >= rows * height;
    },
    [SCROLLED, ROW] as const,
    { timeout: 600_000 },
  );
  console.log(`${SCROLLED} of them in ${((Date.now() - scrolling) / 1000).toFixed(0)} s`);
  await printFrames(page);
  const waited = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter(({ name }) => name.includes('/v1/desk/rooms'))
      .map(({ duration }) => duration)
      .sort((a, b) => a - b),
  );
  console.log(
    `  ${asked.length} requests; a page of the queue took ${waited[waited.length >> 1]?.toFixed(0)} ms, the slowest ${waited.at(-1)?.toFixed(0)} ms`,
  );
  console.log(`  rows in the document: ${await rows()}; heap ${await heapOf(page)}`);
}
