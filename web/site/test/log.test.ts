/** Long lists and logs: what is fetched, what is in the document, and where the view stays. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Room } from 'parlour-client';
import type { Page } from 'playwright-core';
import { skip } from './support/browser.ts';
import { eventually, type Scene, scene } from './support/scene.ts';

suite('long lists', { skip }, () => {
  let it: Scene;
  before(async () => {
    it = await scene();
  });
  after(() => it?.stop());

  async function roomWith(a: string, b: string, count: number) {
    const [first, second] = [await it.caller({ sub: a, name: a }), await it.caller({ sub: b, name: b })];
    const room = await first.opens({ kind: 'direct', with: b });
    for (let n = 1; n <= count; n++) await first.posts(room.id, `message ${n}`);
    return { first, second, room };
  }

  /** Where the row of this message is in the view. */
  const topOf = (page: Page, seq: number) =>
    page.locator(`[data-seq="${seq}"]`).evaluate((row) => Math.round(row.getBoundingClientRect().top));

  const scrollTo = (page: Page, top: number) =>
    page.locator('.scroller').evaluate((it, top) => {
      it.scrollTop = top;
    }, top);

  /** Mission C11: older ones come on scrolling up; what is read stays where it is; none is skipped or doubled. */
  test('the view stays where it is while older ones load and new ones arrive', async () => {
    const { first, room } = await roomWith('c1', 'c2', 230);
    await it
      .caller({ sub: 'c2' })
      .then((reader) => reader.call('PUT', `/v1/rooms/${room.id}/read`, { seq: 230 }));
    const page = await it.open(`/inbox/${room.id}`, 'c2');
    await page.locator('[data-seq="230"]').waitFor();
    await page.route(
      '**/messages?before=*',
      async (route) => {
        await first.posts(room.id, 'while loading');
        await route.continue();
      },
      { times: 2 },
    );
    await scrollTo(page, 1_000);
    await page.locator('[data-seq="190"]').waitFor();
    for (let oldest = 181; oldest > 1; oldest = Math.max(1, oldest - 50)) {
      await scrollTo(page, 700);
      const before = await topOf(page, oldest + 3);
      await page.locator(`[data-seq="${Math.max(1, oldest - 40)}"]`).waitFor({ state: 'attached' });
      const after = await topOf(page, oldest + 3);
      assert.ok(Math.abs(after - before) <= 1, `${before} became ${after}`);
    }
    await page.locator('.pill', { hasText: '2 new messages' }).waitFor();
    const seqs = await page
      .locator('[data-seq]')
      .evaluateAll((all) => all.map((row) => Number((row as HTMLElement).dataset.seq)));
    assert.deepEqual(
      seqs,
      Array.from({ length: 232 }, (_, index) => index + 1),
    );
    await page.locator('.pill').click();
    await page.locator('[data-seq="232"]').waitFor();
    await page.locator('.pill').waitFor({ state: 'detached' });
  });

  test('only new messages are announced, and not those loaded by scrolling', async () => {
    const { first, room } = await roomWith('s1', 's2', 120);
    const page = await it.open(`/inbox/${room.id}`, 's2');
    await page.locator('[data-seq="120"]').waitFor({ state: 'attached' });
    await scrollTo(page, 0);
    await page.locator('[data-seq="40"]').waitFor({ state: 'attached' });
    const spoken = page.locator('ui-log [aria-live=polite]');
    assert.equal(await spoken.innerText(), '');
    await first.posts(room.id, 'hear this');
    await eventually(async () => (await spoken.innerText()).trim() === 's1: hear this', 'it is announced');
    assert.equal(await page.locator('[role=log]').getAttribute('aria-live'), 'off');
  });

  test('a link to a message shows it, however old, and the log leads on from there', async () => {
    const { room } = await roomWith('l1', 'l2', 260);
    const page = await it.open(`/inbox/${room.id}#20`, 'l2');
    await page.locator('[data-seq="20"].flash').waitFor();
    await page.locator('.pill').click();
    await page.locator('[data-seq="260"]').waitFor();
  });

  test('of many messages, only a window is in the document', async () => {
    const { room } = await roomWith('n1', 'n2', 700);
    await it
      .caller({ sub: 'n2' })
      .then((reader) => reader.call('PUT', `/v1/rooms/${room.id}/read`, { seq: 700 }));
    const page = await it.open(`/inbox/${room.id}`, 'n2');
    await page.locator('[data-seq="700"]').waitFor();
    for (let top = 700; top > 100; top -= 50) {
      await scrollTo(page, 0);
      await page.locator(`[data-seq="${top - 90}"]`).waitFor({ state: 'attached' });
      if (top < 200) break;
    }
    assert.ok((await page.locator('[data-seq]').count()) <= 300);
    await page.locator('.pill').click();
    await page.locator('[data-seq="700"]').waitFor();
  });

  test('of 50,000 chats, only the pages in view are fetched', async () => {
    const agent = await it.caller({ sub: 'agnes', roles: ['admin'] });
    const model = await agent.opens({ kind: 'support', user: 'someone' });
    const asked: number[] = [];
    const page = await it.open('/config.json', 'agnes');
    // As many as no test has the time to open, in the form of a real one.
    await page.route('**/v1/desk/rooms?*', (route) => {
      const from = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0);
      asked.push(from);
      const rooms = Array.from({ length: 100 }, (_, n) => many(model, from + n));
      return route.fulfill({ json: { rooms, next: from + 100 < 50_000 ? String(from + 100) : null } });
    });
    await page.goto(`${it.site}/desk?as=agnes`);
    await page.locator('desk-list a').first().waitFor();
    await page.waitForLoadState('networkidle');
    assert.deepEqual([...new Set(asked)], [0]);
    assert.ok((await page.locator('desk-list li').count()) < 40, 'only rows in view are in the document');
    const pages = () => new Set(asked).size;
    const list = page.locator('desk-list');
    const scroll = (row: number) =>
      list.evaluate((it, row) => {
        it.scrollTop = row * 104;
      }, row);
    await scroll(95);
    await page.locator('desk-list li[aria-posinset="98"]').waitFor();
    await eventually(() => pages() === 2, 'the next page is fetched');
    for (let n = 2; n < 12; n++) {
      await scroll(n * 100 - 5);
      await eventually(() => pages() === n + 1, `page ${n + 1}`);
    }
    await page.waitForLoadState('networkidle');
    assert.equal(pages(), 12);
    assert.ok((await page.locator('desk-list li').count()) < 40);
  });
});

/** The nth of many rooms; the later, the longer ago. */
function many(model: Room, n: number): Room {
  const at = new Date(Date.UTC(2026, 0, 1) - n * 60_000).toISOString();
  return {
    ...model,
    id: `00000000-0000-8000-8000-${String(n).padStart(12, '0')}`,
    created_at: at,
    last_message_at: null,
  };
}
