/** The chat in a browser, before the real program. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Page } from 'playwright-core';
import { skip } from './support/browser.ts';
import { eventually, type Scene, scene } from './support/scene.ts';

suite('the chat', { skip }, () => {
  let it: Scene;
  before(async () => {
    it = await scene();
  });
  after(() => it?.stop());

  /** Two people, each with a page; `names` are their own, so that tests do not meet. */
  async function pair(a: string, b: string) {
    const [first, second] = [
      await it.caller({ sub: a, name: `${a} A` }),
      await it.caller({ sub: b, name: `${b} B` }),
    ];
    await first.call('GET', '/v1/me');
    await second.call('GET', '/v1/me');
    const room = await first.opens({ kind: 'direct', with: b });
    return { first, second, room };
  }

  async function write(page: Page, text: string): Promise<void> {
    await page.locator('ui-composer textarea').fill(text);
    await page.keyboard.press('Enter');
  }

  const bubble = (page: Page, text: string) => page.locator('.message', { hasText: text });

  /** Mission D14: nobody has written yet. */
  test('whoever has no chats is welcomed, and can begin one', async () => {
    await (await it.caller({ sub: 'w2', name: 'Wanda Second' })).call('GET', '/v1/me');
    const page = await it.open('/inbox', 'w1');
    await page.getByRole('heading', { name: 'Welcome' }).waitFor();
    await page.getByRole('button', { name: 'Start new chat' }).click();
    await page.getByRole('searchbox').fill('wanda');
    await page.getByRole('button', { name: /Wanda Second/ }).click();
    await page.getByRole('button', { name: 'Start chat' }).click();
    await page.locator('chat-room-head h2', { hasText: 'Wanda Second' }).waitFor();
  });

  /** Mission D1, D2, D3, E10: two panes, a row with who, what and when; the address opens the room. */
  test('shows the list on the left and the room of the address on the right', async () => {
    const { first, second, room } = await pair('d1', 'd2');
    await first.posts(room.id, 'from d1');
    const page = await it.open(`/inbox/${room.id}`, 'd2');
    await bubble(page, 'from d1').waitFor();
    const row = page.locator('chat-list a');
    assert.match(await row.innerText(), /d1 A[\s\S]*\d:\d\d [AP]M[\s\S]*d1 A: from d1/);
    assert.equal(await row.locator('ui-avatar .face').innerText(), 'DA');
    await page.getByRole('button', { name: 'Create chat' }).waitFor();
    await second.posts(room.id, 'from d2');
    await page.locator('chat-list', { hasText: 'You: from d2' }).waitFor();
    await first.call('POST', `/v1/rooms/${room.id}/messages`, { body: '🐱', type: 'sticker' });
    await page.locator('chat-list', { hasText: 'd1 A: 🖼️' }).waitFor();
    await page.locator('.sticker', { hasText: '🐱' }).waitFor();
  });

  test('back and forward lead through the rooms', async () => {
    const { first, room } = await pair('h1', 'h2');
    const group = await first.opens({ kind: 'group', members: ['h2'], title: 'The other one' });
    const page = await it.open('/inbox', 'h2');
    await page.locator('chat-list a', { hasText: 'The other one' }).click();
    await page.locator('h2', { hasText: 'The other one' }).waitFor();
    await page.locator('chat-list a', { hasText: 'h1 A' }).click();
    await page.locator('h2', { hasText: 'h1 A' }).waitFor();
    assert.ok(page.url().endsWith(`/inbox/${room.id}`));
    await page.goBack();
    await page.locator('h2', { hasText: 'The other one' }).waitFor();
    assert.ok(page.url().endsWith(`/inbox/${group.id}`));
    await page.goForward();
    await page.locator('h2', { hasText: 'h1 A' }).waitFor();
  });

  /** Mission D5. */
  test('the head tells of the other person karma and days on the site', async () => {
    const { room } = await pair('k1', 'k2');
    const server = await it.caller({ sub: 'server', roles: ['service'] });
    const joined_at = new Date(Date.now() - 42.5 * 24 * 3_600_000).toISOString();
    await server.call('PUT', '/v1/users/k1', { karma: 1234, joined_at });
    const page = await it.open(`/inbox/${room.id}`, 'k2');
    await page.locator('chat-room-head', { hasText: '1,234 karma · 42 days on the site' }).waitFor();
  });

  /** Mission E13: shown at once as sending, then sent; one bubble all the time. */
  test('what is written is shown at once, and is one bubble', async () => {
    const { room, second } = await pair('o1', 'o2');
    const page = await it.open(`/inbox/${room.id}`, 'o1');
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route(`**/v1/rooms/${room.id}/messages`, async (route) => {
      if (route.request().method() === 'POST') await held;
      await route.continue();
    });
    await write(page, 'optimistic');
    await bubble(page, 'optimistic').locator('.status', { hasText: 'Sending' }).waitFor();
    release();
    await bubble(page, 'optimistic').locator('.bubble.sent').waitFor();
    await second.posts(room.id, 'later');
    await bubble(page, 'later').waitFor();
    assert.equal(await bubble(page, 'optimistic').count(), 1);
  });

  test('what the server refuses is marked, and can be discarded', async () => {
    const { room, second, first } = await pair('f1', 'f2');
    const page = await it.open(`/inbox/${room.id}`, 'f1');
    await page.locator('ui-composer textarea').waitFor();
    await second.call('PUT', `/v1/blocks/${first.id}`);
    await write(page, 'unwelcome');
    await bubble(page, 'unwelcome').locator('.status.failed').waitFor();
    await page.getByRole('button', { name: 'Discard' }).click();
    await bubble(page, 'unwelcome').waitFor({ state: 'detached' });
  });

  /** Mission D8, D9: the actions of a row; a reaction is put, counted once, taken back, and seen by the other side. */
  test('reactions toggle, and the other page sees them live', async () => {
    const { first, room } = await pair('r1', 'r2');
    await first.posts(room.id, 'react to me');
    const [mine, theirs] = [
      await it.open(`/inbox/${room.id}`, 'r2'),
      await it.open(`/inbox/${room.id}`, 'r1'),
    ];
    await bubble(theirs, 'react to me').waitFor();
    await bubble(mine, 'react to me').hover();
    const acts = await mine
      .locator('.toolbar button')
      .evaluateAll((all) => all.map((it) => (it as HTMLElement).dataset.act));
    assert.deepEqual(acts, ['react', 'reply', 'report']);
    await mine.getByRole('button', { name: 'React', exact: true }).click();
    await mine.getByRole('button', { name: '🎉' }).click();
    const pressed = mine.locator('.reactions [aria-pressed=true]', { hasText: '🎉' });
    await pressed.waitFor();
    await theirs.locator('.reactions [aria-pressed=false]', { hasText: '🎉' }).click();
    await mine.locator('.reactions button', { hasText: '2' }).waitFor();
    await pressed.click();
    await theirs.locator('.reactions [aria-pressed=true]', { hasText: '1' }).waitFor();
  });

  /** Mission D10, D22: deleting asks first; the row stays, in light grey, on both sides. */
  test('a message is edited and deleted by its writer alone, live', async () => {
    const { first, second, room } = await pair('x1', 'x2');
    await first.posts(room.id, 'my secret');
    const [mine, theirs] = [
      await it.open(`/inbox/${room.id}`, 'x1'),
      await it.open(`/inbox/${room.id}`, 'x2'),
    ];
    await bubble(theirs, 'my secret').waitFor();
    await bubble(mine, 'my secret').hover();
    await mine.locator('[data-act=edit]').click();
    await write(mine, 'my secret, edited');
    await bubble(theirs, 'my secret, edited').locator('.edited').waitFor();
    await bubble(mine, 'my secret').hover();
    await mine.locator('[data-act=delete]').click();
    await mine.getByRole('button', { name: 'Cancel' }).click();
    assert.equal(await bubble(mine, 'my secret').count(), 1, 'it asks first');
    await bubble(mine, 'my secret').hover();
    await mine.locator('[data-act=delete]').click();
    await mine.getByRole('button', { name: 'Delete', exact: true }).last().click();
    for (const page of [mine, theirs])
      await page.locator('.bubble.deleted', { hasText: '[message deleted]' }).waitFor();
    assert.equal(await bubble(theirs, 'my secret').count(), 0);
    for (const page of [mine, theirs])
      await page.locator('chat-list .deleted', { hasText: '[message deleted]' }).waitFor();
    const log = JSON.stringify(await second.call('GET', `/v1/rooms/${room.id}/messages`));
    assert.ok(!log.includes('my secret'));
  });

  /** Mission D11: the page asks why; agents see it once. */
  test('a message is reported with a reason', async () => {
    const { first, room } = await pair('p1', 'p2');
    await first.posts(room.id, 'buy my coins');
    const page = await it.open(`/inbox/${room.id}`, 'p2');
    await bubble(page, 'buy my coins').hover();
    await page.locator('[data-act=report]').click();
    const button = page.getByRole('dialog').getByRole('button', { name: 'Report' });
    assert.ok(await button.isDisabled(), 'without a reason there is nothing to report');
    await page.getByRole('dialog').getByRole('textbox').fill('spam');
    await button.click();
    await page.locator('ui-toasts', { hasText: 'Reported' }).waitFor();
    const agent = await it.caller({ sub: 'agent', roles: ['admin'] });
    const { reports } = await agent.call<{ reports: { body: string; reason: string; room_id: string }[] }>(
      'GET',
      '/v1/reports',
    );
    const found = reports.filter(({ room_id }) => room_id === room.id);
    assert.deepEqual(
      found.map(({ body, reason }) => [body, reason]),
      [['buy my coins', 'spam']],
    );
  });

  /** Mission D12: two selected make a room of three; its owner removes one, and leaves. */
  test('several people make a group, whose owner changes who is in it', async () => {
    for (const sub of ['ga', 'gb', 'gc'])
      await (await it.caller({ sub, name: `Gro${sub}` })).call('GET', '/v1/me');
    const page = await it.open('/inbox', 'ga');
    await page.getByRole('button', { name: 'Start new chat' }).click();
    await page.getByRole('searchbox').fill('gro');
    for (const name of ['Grogb', 'Grogc'])
      await page.getByRole('button', { name: new RegExp(name), pressed: false }).click();
    await page.getByText('2 selected').waitFor();
    await page.getByLabel('Title (optional)').fill('Three of us');
    await page.getByRole('button', { name: 'Start chat' }).click();
    await page.locator('chat-room-head', { hasText: '3 members' }).waitFor();
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Members' }).click();
    await page
      .getByRole('button', { name: 'Remove: gc' })
      .or(page.getByRole('button', { name: /Remove: Grogc/ }))
      .click();
    await page.getByRole('heading', { name: '2 members' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Leave' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
    await page.locator('chat-list a').waitFor({ state: 'detached' });
  });

  /** Mission D13. */
  test('the input grows to four lines, then it scrolls', async () => {
    const { room } = await pair('i1', 'i2');
    const page = await it.open(`/inbox/${room.id}`, 'i1');
    const input = page.locator('ui-composer textarea');
    const heights: number[] = [];
    for (let lines = 1; lines <= 6; lines++) {
      await input.fill(Array.from({ length: lines }, () => 'line').join('\n'));
      heights.push(await input.evaluate((it: HTMLElement) => it.offsetHeight));
    }
    assert.deepEqual(heights, [38, 60, 82, 104, 104, 104]);
    assert.equal(await input.evaluate((it) => getComputedStyle(it).overflowY), 'auto');
    await input.fill('one');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('two');
    await page.reload();
    assert.equal(await input.inputValue(), 'one\ntwo', 'a draft outlives a reload');
    await input.dispatchEvent('keydown', { key: 'Enter', isComposing: true });
    assert.equal(await input.inputValue(), 'one\ntwo', 'Enter that ends a composition sends nothing');
    await input.press('Enter');
    await page.locator('.message', { hasText: 'one' }).waitFor();
    assert.equal(await input.inputValue(), '');
  });

  /** Mission D22: unread badges, live, gone when it is read. */
  test('the badge and the title count what is unread', async () => {
    const { first, room } = await pair('u1', 'u2');
    const page = await it.open('/inbox', 'u2');
    await page.locator('chat-list a').waitFor();
    await first.posts(room.id, 'one');
    await first.posts(room.id, 'two');
    await page.locator('chat-list .badge', { hasText: '2' }).waitFor();
    await eventually(async () => (await page.title()).startsWith('(2)'), 'the title counts');
    await page.locator('chat-list a').click();
    await page.locator('.unread', { hasText: 'New' }).waitFor();
    await page.locator('chat-list .badge').waitFor({ state: 'detached' });
    await eventually(async () => !(await page.title()).startsWith('('), 'the title is quiet again');
  });

  test('a room is pinned, muted and hidden', async () => {
    const { first, room } = await pair('m1', 'm2');
    const other = await first.opens({ kind: 'group', members: ['m2'], title: 'Newer' });
    await first.posts(other.id, 'x');
    const page = await it.open(`/inbox/${room.id}`, 'm2');
    const choose = async (name: string) => {
      await page.getByRole('button', { name: 'More' }).click();
      await page.getByRole('menuitem', { name }).click();
    };
    await page.locator('chat-list a').nth(1).waitFor();
    await choose('Pin');
    await eventually(
      async () => (await page.locator('chat-list .title').first().innerText()) === 'm1 A',
      'pinned first',
    );
    await choose('Mute');
    await page.locator('chat-list a.muted').waitFor();
    await choose('Hide');
    const row = page.locator('chat-list .title', { hasText: 'm1 A' });
    await row.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).click();
    await row.waitFor();
  });

  test('a conversation is had by keys alone', async () => {
    const { first, second, room } = await pair('y1', 'y2');
    await first.posts(room.id, 'first');
    await first.posts(room.id, 'second');
    const page = await it.open('/inbox', 'y2');
    await page.locator('chat-list a').waitFor();
    await page.getByRole('button', { name: 'Create chat' }).focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('.message', { hasText: 'second' }).waitFor();
    await page.locator('.message', { hasText: 'second' }).focus();
    await page.keyboard.press('ArrowUp');
    assert.match(await page.locator('.message:focus').innerText(), /first/);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('.context', { hasText: 'Reply to y1 A' }).waitFor();
    await page.keyboard.type('by keys');
    await page.keyboard.press('Enter');
    await page
      .locator('.message.own', { hasText: 'by keys' })
      .locator('.bubble.sent .quote', { hasText: 'first' })
      .waitFor();
    await page.keyboard.press('ArrowUp');
    await page.locator('.context', { hasText: 'Editing' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.context').waitFor({ state: 'detached' });
    const [last] = (await second.log(room.id)).slice(-1);
    assert.deepEqual([last?.body, last?.reply_to], ['by keys', 1]);
  });

  /** Mission D7: of a message that is joined to the one before, hover and focus show the time. */
  test('the time of a grouped message is shown on hover and on focus', async () => {
    const { first, room } = await pair('z1', 'z2');
    for (const body of ['one', 'two', 'three']) await first.posts(room.id, body);
    const page = await it.open(`/inbox/${room.id}`, 'z2');
    const opacity = (text: string) =>
      bubble(page, text)
        .locator('.when')
        .evaluate((it) => getComputedStyle(it).opacity);
    await bubble(page, 'three').waitFor();
    await page.mouse.move(5, 5);
    assert.equal(await opacity('two'), '0');
    await bubble(page, 'two').hover();
    assert.equal(await opacity('two'), '1');
    await bubble(page, 'three').focus();
    assert.equal(await opacity('three'), '1');
  });

  test('on a phone one pane is shown at a time, without sideways scrolling', async () => {
    const { first, room } = await pair('t1', 't2');
    await first.posts(room.id, `${'long'.repeat(60)} word`);
    const page = await it.open('/inbox', 't2', { viewport: { width: 320, height: 560 } });
    await page.locator('chat-list a').click();
    await page.locator('.message').waitFor();
    assert.ok(await page.locator('chat-list').isHidden());
    const wide = await page.locator('.scroller').evaluate((it) => it.scrollWidth - it.clientWidth);
    assert.equal(wide, 0);
    await page.getByRole('button', { name: 'Back' }).click();
    await page.locator('chat-list').waitFor();
    assert.ok(await page.locator('chat-room').isHidden());
  });
});
