/** Who is in a room, and who may write there: listings and their merchants, groups, and people who are blocked. */

import assert from 'node:assert/strict';
import { after, before, suite, type TestContext, test } from 'node:test';
import type { Room } from 'parlour-client';
import type { Page } from 'playwright-core';
import { complaintsOf, newPage, skip } from './support/browser.ts';
import { eventually, type Scene, scene } from './support/scene.ts';
import { serve } from './support/site.ts';

suite('rooms', { skip }, () => {
  let it: Scene;
  before(async () => {
    it = await scene();
  });
  after(() => it?.stop());

  const bubble = (page: Page, text: string) => page.locator('.message', { hasText: text });

  async function write(page: Page, text: string): Promise<void> {
    await page.locator('ui-composer textarea').fill(text);
    await page.keyboard.press('Enter');
  }

  /** Chooses something from the menu of the room that is open. */
  async function choose(page: Page, name: string): Promise<void> {
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name, exact: true }).click();
  }

  /** Somebody as the pages name whoever opens them: `ada` is called Ada. */
  async function person(sub: string) {
    const caller = await it.caller({ sub, name: sub.replace(/^./, (first) => first.toUpperCase()) });
    await caller.call('GET', '/v1/me');
    return caller;
  }

  /** A room between a user and the merchant of a listing, who answers through the API. */
  async function asks(user: string, merchant: string, title: string) {
    const server = await it.caller({ sub: 'server', roles: ['service'] });
    const id = `${merchant}-${user}`;
    await server.call('PUT', `/v1/listings/${id}`, { title, merchant_id: merchant });
    const seller = await it.caller({ sub: merchant, type: 'merchant', name: `${merchant} Shop` });
    await seller.call('GET', '/v1/me');
    const buyer = await person(user);
    const room = await buyer.opens({ kind: 'listing', listing_id: id });
    return { seller, buyer, room };
  }

  /** The dashboard as the app of a merchant shows it, with the merchant's own token. */
  async function deskOf(t: TestContext, token: string, path: string): Promise<Page> {
    const site = await serve(it.url, { api: it.url, token_url: '/session/chat-token' });
    const page = await newPage(it.browser);
    t.after(async () => {
      await page.context().close();
      await site.stop();
    });
    await page.route('**/session/chat-token', (route) => route.fulfill({ json: { token } }));
    await page.goto(site.url + path);
    return page;
  }

  /** Mission A5. Mission A6. Mission A7. */
  test('a user and a merchant talk about a listing, each on their own page', async (t) => {
    const { seller, room } = await asks('una', 'wheels', 'A red bike');
    const chat = await it.open(`/inbox/${room.id}`, 'una');
    await chat.locator('chat-room-head h2', { hasText: 'A red bike' }).waitFor();
    await chat.locator('chat-room-head p', { hasText: 'wheels Shop' }).waitFor();
    await write(chat, 'Is it still there?');
    const desk = await deskOf(t, seller.token, '/desk');
    const row = desk.locator('desk-list a', { hasText: 'Una' });
    await row.waitFor();
    assert.match(await row.innerText(), /Una\s+1\s+A red bike\s+Is it still there\?\s+1 message · now/);
    await row.click();
    await desk.locator('.facts', { hasText: 'A red bike' }).waitFor();
    await bubble(desk, 'Is it still there?').waitFor();
    await write(desk, 'It is.');
    await bubble(chat, 'It is.').locator('.text').waitFor();
    await chat.locator('chat-list', { hasText: 'wheels Shop: It is.' }).waitFor();
    await desk.locator('desk-list a', { hasText: 'You: It is.' }).waitFor();
    assert.deepEqual(complaintsOf(desk), []);
  });

  /** Mission B9. Mission B10. For merchants. */
  test('a merchant sees the rooms of its own listings, and puts them away', async (t) => {
    const { seller, buyer, room } = await asks('uli', 'tyres', 'A tyre');
    await buyer.posts(room.id, 'for tyres');
    const other = await asks('uli', 'saddles', 'A saddle');
    await other.buyer.posts(other.room.id, 'for saddles');
    const support = await buyer.opens({ kind: 'support' });
    await buyer.posts(support.id, 'for support');
    const desk = await deskOf(t, seller.token, `/desk/${room.id}`);
    await bubble(desk, 'for tyres').waitFor();
    await desk.locator('desk-list a', { hasText: 'for tyres' }).waitFor();
    assert.equal(await desk.locator('desk-list a').count(), 1);
    await desk.getByRole('button', { name: 'Archive', exact: true }).click();
    await desk.getByRole('button', { name: 'Restore' }).waitFor();
    await desk.getByText('All caught up').waitFor();
    await buyer.posts(room.id, 'one more thing');
    await desk.locator('desk-list a', { hasText: 'one more thing' }).waitFor();
    await desk.goto(desk.url().replace(room.id, other.room.id));
    await desk.getByText('This chat is not here').waitFor();
    assert.deepEqual(complaintsOf(desk), []);
  });

  test('whoever is blocked can no longer write, until that is taken back', async () => {
    const [first, second] = [await person('bert'), await person('bea')];
    const room = await first.opens({ kind: 'direct', with: second.id });
    await first.posts(room.id, 'before');
    const [page, theirs] = [
      await it.open(`/inbox/${room.id}`, 'bea'),
      await it.open(`/inbox/${room.id}`, 'bert'),
    ];
    await bubble(page, 'before').waitFor();
    await choose(page, 'Block');
    const dialog = page.getByRole('dialog', { name: 'Block Bert?' });
    await dialog.getByRole('button', { name: 'Block' }).click();
    await page.getByText('Bert is blocked').waitFor();
    await bubble(theirs, 'before').waitFor();
    await write(theirs, 'unwelcome');
    await bubble(theirs, 'unwelcome').locator('.status.failed').waitFor();
    // Also later, when no notice offers it any more.
    const blocks = page.waitForResponse('**/v1/blocks');
    await page.reload();
    await blocks;
    await bubble(page, 'before').waitFor();
    await choose(page, 'Unblock');
    await page.getByText('Bert can write to you again').waitFor();
    await theirs.getByRole('button', { name: 'Send again' }).click();
    await bubble(page, 'unwelcome').waitFor();
    await choose(page, 'Block');
    await dialog.getByRole('button', { name: 'Block' }).click();
    await page.getByRole('button', { name: 'Undo' }).click();
    await write(theirs, 'welcome');
    await bubble(page, 'welcome')
      .locator('.text', { hasText: /^welcome$/ })
      .waitFor();
  });

  /** A group of these people, whose first has its page open. */
  async function group(title: string, ...subs: string[]) {
    const people = await Promise.all(subs.map(person));
    const [owner, ...others] = people;
    assert.ok(owner);
    const room = await owner.opens({ kind: 'group', members: others.map(({ id }) => id), title });
    return { owner, people, room, page: await it.open(`/inbox/${room.id}`, owner.id) };
  }

  test('a group is renamed, and everybody sees it at once', async () => {
    const { page, room } = await group('Old name', 'nina', 'nora');
    const theirs = await it.open(`/inbox/${room.id}`, 'nora');
    await theirs.locator('chat-room-head h2', { hasText: 'Old name' }).waitFor();
    await page.locator('chat-room-head h2', { hasText: 'Old name' }).waitFor();
    await choose(page, 'Name of the group');
    const field = page.getByRole('dialog').getByRole('textbox');
    assert.equal(await field.inputValue(), 'Old name');
    await field.fill('New name');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await page.getByRole('menu').count(), 0, 'the key that confirmed does nothing else');
    for (const it of [page, theirs]) {
      await it.locator('chat-room-head h2', { hasText: 'New name' }).waitFor();
      await it.locator('chat-list .title', { hasText: 'New name' }).waitFor();
    }
    await choose(page, 'Name of the group');
    await field.fill('');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.locator('chat-room-head h2', { hasText: 'Nora' }).waitFor();
    await theirs.locator('chat-list .title', { hasText: 'Nina' }).waitFor();
  });

  /** Mission D12. */
  test('whoever is added to a group sees it at once, and what is said there from then on', async () => {
    const { owner, page, room } = await group('Growing', 'gina', 'gert');
    await person('ada');
    await owner.posts(room.id, 'before Ada');
    const theirs = await it.open('/inbox', 'ada');
    await theirs.locator('.welcome').waitFor();
    await choose(page, 'Members');
    await page.getByRole('button', { name: 'Add people' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add people' });
    await dialog.getByRole('searchbox').fill('ada');
    await dialog.getByRole('button', { name: /Ada/ }).click();
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('dialog', { name: '3 members' }).getByText('Ada').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('chat-room-head', { hasText: '3 members' }).waitFor();
    await theirs.locator('chat-list a', { hasText: 'Growing' }).click();
    await write(page, 'hello Ada');
    await bubble(theirs, 'hello Ada').waitFor();
    await theirs.locator('chat-room-head', { hasText: '3 members' }).waitFor();
    await write(theirs, 'hello all');
    await bubble(page, 'hello all').waitFor();
  });

  /** Mission D12. */
  test('whoever is removed from a group loses it at once, and hears no more of it', async () => {
    const { owner, page, room } = await group('Shrinking', 'sid', 'sue', 'sam');
    const heard: string[] = [];
    const theirs = await it.open('/inbox', 'sam');
    theirs.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => heard.push(String(payload))),
    );
    await theirs.goto(`${it.site}/inbox/${room.id}?as=sam`);
    const stays = await it.open(`/inbox/${room.id}`, 'sue');
    const isListening = (frame: string) =>
      frame.includes('subscription_succeeded') && frame.includes(room.channel);
    await eventually(() => heard.some(isListening), 'Sam listens to the room');
    await owner.posts(room.id, 'for three');
    for (const it of [theirs, stays]) await bubble(it, 'for three').waitFor();
    await choose(page, 'Members');
    await page.getByRole('button', { name: 'Remove: Sam' }).click();
    await page.getByRole('dialog', { name: '2 members' }).waitFor();
    await page.keyboard.press('Escape');
    await theirs.getByText('This chat is not here').waitFor();
    await theirs.locator('chat-list a', { hasText: 'Shrinking' }).waitFor({ state: 'detached' });
    assert.equal(await theirs.locator('ui-composer').count(), 0);
    await write(page, 'for two');
    await bubble(stays, 'for two').waitFor();
    await stays.locator('chat-room-head', { hasText: '2 members' }).waitFor();
    await write(stays, 'from Sue');
    await bubble(page, 'from Sue').waitFor();
    await eventually(
      async () => (await owner.call<Room>('GET', `/v1/rooms/${room.id}`)).head === 3,
      'both are stored',
    );
    assert.ok(heard.join().includes('for three'), 'and was told while being in it');
    assert.ok(!/for two|from Sue/.test(heard.join()), 'nothing is told to who was removed');
  });
});
