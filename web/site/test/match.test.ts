/** Secret gifts, typing, and connections that break: in a browser, before the real program. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { WebSocketRoute } from 'playwright-core';
import { skip } from './support/browser.ts';
import { eventually, type Scene, scene, setClock } from './support/scene.ts';

suite('aliases and connections', { skip }, () => {
  let it: Scene;
  before(async () => {
    it = await scene();
  });
  after(() => it?.stop());

  async function raffle(group: string, giver: string, receiver: string, reveal_at: string) {
    const server = await it.caller({ sub: 'server', roles: ['service'] });
    const una = await it.caller({ sub: giver, name: `${giver} Real Name` });
    const otto = await it.caller({ sub: receiver, name: `${receiver} Receiver` });
    await otto.call('GET', '/v1/me');
    await server.call('PUT', `/v1/groups/${group}`, {
      name: 'Family',
      reveal_at,
      matches: { [giver]: receiver },
    });
    const room = await una.opens({ kind: 'match', group_id: group });
    const alias = room.members.find(({ id }) => id === room.you.member_id)?.name ?? '';
    return { una, room, alias };
  }

  /** Mission E7: typing shows the alias, and is gone within 6 s. */
  test('whoever gives in secret types behind an alias, not for long', async () => {
    const { una, room, alias } = await raffle('g1', 'una', 'otto', '2040-12-24T18:00:00Z');
    await una.posts(room.id, 'guess who');
    const theirs = await it.open(`/inbox/${room.id}`, 'otto');
    await theirs
      .locator('.banner', {
        hasText: `${alias} gives to you in secret. You see who it is on December 24, 2040.`,
      })
      .waitFor();
    const mine = await it.open(`/inbox/${room.id}`, 'una');
    await mine.locator('.banner', { hasText: `You write as ${alias}.` }).waitFor();
    const typing = theirs.locator('.typing', { hasText: `${alias} is typing…` });
    await eventually(async () => {
      await mine.locator('ui-composer textarea').fill(`t${Math.random()}`);
      return typing.isVisible();
    }, 'typing is shown');
    // The page that types is gone, and can say no more.
    await mine.context().setOffline(true);
    // After six seconds, to which the client's own tests hold it; a busy machine shows it a little later.
    await typing.waitFor({ state: 'detached', timeout: 15_000 });
    assert.ok(!(await theirs.content()).includes('Real Name'));
  });

  test('at most 500 characters are sent to a match', async () => {
    const { room } = await raffle('g2', 'una2', 'otto2', '2040-12-24T18:00:00Z');
    const page = await it.open(`/inbox/${room.id}`, 'una2');
    const input = page.locator('ui-composer textarea');
    await input.fill('😀'.repeat(501));
    await page.locator('.count.over', { hasText: '501 / 500' }).waitFor();
    assert.ok(await page.getByRole('button', { name: 'Send' }).isDisabled());
    await input.fill('😀'.repeat(500));
    await page.getByRole('button', { name: 'Send' }).click();
    await page.locator('.bubble.sent').waitFor();
  });

  test('when the date comes, the page tells who it was by itself', async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const { una, room, alias } = await raffle('g3', 'una3', 'otto3', soon);
    await una.posts(room.id, 'almost');
    const page = await it.open(`/inbox/${room.id}`, 'otto3');
    await page.locator('.banner', { hasText: alias }).waitFor();
    await page.locator('.message', { hasText: 'almost' }).waitFor();
    assert.ok(!(await page.locator('chat-app').innerText()).includes('Real Name'));
    await setClock(it.url, new Date(Date.now() + 3_601_000).toISOString());
    const context = await it.browser.newContext({ locale: 'en-US' });
    const later = await context.newPage();
    // The page's own clock: a second before the date, and running.
    await later.clock.install({ time: new Date(Date.parse(soon) - 500) });
    await setClock(it.url, new Date(Date.parse(soon) - 60_000).toISOString());
    await later.goto(`${it.site}/inbox/${room.id}?as=otto3`);
    await later.locator('.banner', { hasText: 'in secret' }).waitFor();
    await setClock(it.url, new Date(Date.parse(soon) + 1_000).toISOString());
    await later.clock.fastForward(2_000);
    await later.locator('.banner', { hasText: 'It was una3 Real Name.' }).waitFor();
    await setClock(it.url, null);
    await context.close();
  });

  /** Mission E14: five drops, one socket at a time, nothing lost. */
  test('comes back by itself each time, with one connection, and misses nothing', async () => {
    const [first] = [await it.caller({ sub: 'e1', name: 'e1' }), await it.caller({ sub: 'e2' })];
    const room = await first.opens({ kind: 'direct', with: 'e2' });
    const open = new Set<WebSocketRoute>();
    let most = 0;
    let made = 0;
    const page = await it.open('/inbox', 'e2');
    await page.routeWebSocket(/\/app\//, (socket) => {
      const server = socket.connectToServer();
      open.add(socket);
      made += 1;
      most = Math.max(most, open.size);
      socket.onClose(() => {
        open.delete(socket);
        void server.close();
      });
    });
    await page.goto(`${it.site}/inbox/${room.id}?as=e2`);
    for (let n = 1; n <= 5; n++) {
      await eventually(() => open.size === 1, `connection ${n}`);
      const [socket] = open;
      open.clear();
      await socket?.close();
      await first.posts(room.id, `while away ${n}`);
      // As when the network is back.
      await page.evaluate(() => window.dispatchEvent(new Event('online')));
    }
    await page.locator('.message', { hasText: 'while away 5' }).waitFor();
    const texts = await page.locator('.message .text').allInnerTexts();
    assert.deepEqual(
      texts,
      [1, 2, 3, 4, 5].map((n) => `while away ${n}`),
    );
    await eventually(() => open.size === 1, 'it is connected again');
    assert.equal(most, 1, 'one connection at a time');
    assert.ok(made >= 6, `${made} connections`);
  });

  test('without a connection it says so, and sends later', async () => {
    const first = await it.caller({ sub: 'off1', name: 'off1' });
    const room = await first.opens({ kind: 'direct', with: 'off2' });
    const page = await it.open(`/inbox/${room.id}`, 'off2');
    await page.locator('ui-composer textarea').waitFor();
    let isCut = true;
    await page.routeWebSocket(/\/app\//, (socket) => (isCut ? socket.close() : socket.connectToServer()));
    await page.route('**/v1/**', (route) => (isCut ? route.abort() : route.continue()));
    await page.goto(`${it.site}/inbox/${room.id}`, { waitUntil: 'commit' });
    await page.locator('.offline').waitFor();
    isCut = false;
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await page.locator('.offline').waitFor({ state: 'detached', timeout: 15_000 });
    await page.locator('ui-composer textarea').fill('at last');
    await page.keyboard.press('Enter');
    await page.locator('.bubble.sent', { hasText: 'at last' }).waitFor();
  });
});
