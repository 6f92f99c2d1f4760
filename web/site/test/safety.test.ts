/** Foreign text is text. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Page } from 'playwright-core';
import { complaintsOf, skip } from './support/browser.ts';
import { type Scene, scene } from './support/scene.ts';

/** Each sets `globalThis.hit` if anything runs it. */
const CORPUS = [
  '<script>globalThis.hit=1</script>',
  '<img src=x onerror="globalThis.hit=1">',
  '"><svg onload=globalThis.hit=1>',
  '<iframe srcdoc="<script>parent.hit=1</script>">',
  'javascript:globalThis.hit=1',
  '[a](javascript:globalThis.hit=1) https://x.example/"onmouseover="globalThis.hit=1',
  '{{constructor.constructor("globalThis.hit=1")()}} <!--?lit$1$-->',
  '<style>*{display:none}</style><link rel=stylesheet href=//x.example>',
  "'--><base href=//x.example><form action=javascript:globalThis.hit=1><button>",
  '&lt;script&gt;globalThis.hit=1&lt;/script&gt;',
  '\u202Egnp.exe\u202C <a href="data:text/html,<script>globalThis.hit=1</script>">',
];

suite('safety', { skip }, () => {
  let it: Scene;
  before(async () => {
    it = await scene({ canned: CORPUS });
  });
  after(() => it?.stop());

  async function isHarmless(page: Page): Promise<void> {
    assert.equal(await page.evaluate(() => (globalThis as { hit?: number }).hit), undefined, 'something ran');
    const links = await page
      .locator('a')
      .evaluateAll((all) => all.map((it) => (it as HTMLAnchorElement).protocol));
    assert.deepEqual(
      links.filter((protocol) => !/^https?:$/.test(protocol)),
      [],
    );
    assert.deepEqual(complaintsOf(page), []);
  }

  /** Mission F20: in bodies, names, titles, previews, replies, pictures and reports. */
  test('what people write is text, wherever it is shown', async () => {
    const alice = await it.caller({ sub: 'fa', name: 'Reader' });
    await alice.call('GET', '/v1/me');
    const writers = await Promise.all(
      CORPUS.map((name, n) =>
        it.caller({
          sub: `x${n}`,
          name,
          email: `${n}<b>@x.example`,
          picture: `javascript:globalThis.hit=${n}`,
        }),
      ),
    );
    let last = '';
    for (const [n, writer] of writers.entries()) {
      const room = await writer.opens({ kind: 'group', members: ['fa'], title: CORPUS[n] });
      last = room.id;
      for (const body of CORPUS) await writer.posts(room.id, body);
      await writer.call('POST', `/v1/rooms/${room.id}/messages`, { body: CORPUS[n], reply_to: 1 });
      await writer.call('POST', `/v1/rooms/${room.id}/messages`, { body: CORPUS[n], type: 'sticker' });
      await alice.call('POST', `/v1/rooms/${room.id}/messages/1/report`, { reason: CORPUS[n] });
      const support = await writer.opens({ kind: 'support' });
      await writer.posts(support.id, CORPUS[n] ?? '');
    }
    const chat = await it.open(`/inbox/${last}`, 'fa');
    await chat.locator('.sticker').waitFor();
    for (const body of CORPUS) assert.ok((await chat.locator('.text', { hasText: body }).count()) >= 1, body);
    assert.equal(await chat.locator('chat-list a').count(), CORPUS.length);
    await isHarmless(chat);
    const desk = await it.open('/desk', 'agnes');
    await desk
      .locator('desk-list a')
      .nth(CORPUS.length - 1)
      .waitFor({ state: 'attached' });
    await desk.locator('desk-list a').first().click();
    await desk.locator('.message').waitFor();
    await desk.getByRole('button', { name: 'Insert a saved reply' }).click();
    await desk.locator('desk-canned-menu li').first().waitFor();
    await isHarmless(desk);
    await desk.keyboard.press('Escape');
    await desk.getByRole('button', { name: 'Reports' }).click();
    await desk
      .locator('desk-reports article')
      .nth(CORPUS.length - 1)
      .waitFor();
    await isHarmless(desk);
  });
});
