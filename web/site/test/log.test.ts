/** Long lists and logs: what is fetched, what is in the document, and where the view stays. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Page } from 'playwright-core';
import { skip } from './support/browser.ts';
import { openSupportChats } from './support/chats.ts';
import { eventually, type Scene, scene, setClock } from './support/scene.ts';

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

  test('of many chats, only the pages in view are fetched, and none is skipped', async () => {
    const [chats, rowHeight] = [600, 104];
    // As on a day with much to do, and not all within one minute.
    for (const [from, now] of [
      [1, '2026-01-05T10:00:00Z'],
      [301, '2026-01-05T10:05:00Z'],
    ] as const) {
      await setClock(it.url, now);
      await openSupportChats(it.url, from, 300);
    }
    await setClock(it.url, null);
    const asked = new Set<string | null>();
    const page = await it.open('/config.json', 'agnes');
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.pathname === '/v1/desk/rooms') asked.add(url.searchParams.get('cursor'));
    });
    await page.goto(`${it.site}/desk?as=agnes`);
    const rows = page.locator('desk-list li');
    await rows.first().waitFor();
    await page.waitForLoadState('networkidle');
    assert.deepEqual([...asked], [null]);
    assert.ok((await rows.count()) < 40, 'only rows in view are in the document');
    const names = new Set<string>();
    // As many as a page draws beyond those in view, so that each is in the document once.
    for (let row = 0; row < chats; row += 12) {
      // Again, where the end of what was loaded stopped it.
      const isThere = async () => {
        await page.locator('desk-list').evaluate((it, top) => {
          it.scrollTop = top;
        }, row * rowHeight);
        return (await page.locator(`desk-list li[aria-posinset="${row + 12}"]`).count()) > 0;
      };
      await eventually(isThere, `row ${row + 12}`);
      for (const name of await page.locator('desk-list .name').allInnerTexts()) names.add(name);
      // Eight rows are in view, and twelve more are wanted ahead of them.
      assert.ok(asked.size <= Math.ceil((row + 25) / 100), `${asked.size} pages at row ${row}`);
    }
    await page.locator(`desk-list li[aria-setsize="${chats}"]`).first().waitFor();
    assert.equal(names.size, chats);
    assert.ok((await rows.count()) < 40);
  });
});
