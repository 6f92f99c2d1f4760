/** The dashboard in a browser, before the real program. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Room } from 'parlour-client';
import { skip } from './support/browser.ts';
import { eventually, type Scene, scene, setClock } from './support/scene.ts';

suite('the dashboard', { skip }, () => {
  let it: Scene;
  before(async () => {
    it = await scene({ canned: ['We are looking into it.', 'Which order is it?'] });
  });
  after(() => it?.stop());

  async function asks(sub: string, ...bodies: string[]) {
    const user = await it.caller({ sub, name: `${sub} Smith`, email: `${sub}@mail.example` });
    const room = await user.opens({ kind: 'support' });
    for (const body of bodies) await user.posts(room.id, body);
    return { user, room };
  }

  const agent = () => it.caller({ sub: 'agnes', name: 'Agnes Keller', roles: ['admin'] });
  const roomOf = async (id: string) => (await agent()).call<Room>('GET', `/v1/rooms/${id}`);

  /** Mission B33, B34: the row, its unread marker, and how it changes by itself. */
  test('the queue tells who wrote, what, how much and when, live', async () => {
    const { user, room } = await asks('rita', 'one', 'two');
    const page = await it.open('/desk', 'agnes');
    await page.getByRole('heading', { name: 'Support Chats' }).waitFor();
    const row = page.locator('desk-list a', { hasText: 'rita Smith' });
    assert.match(await row.innerText(), /rita Smith\s+2\s+rita@mail\.example\s+two\s+2 messages · now/);
    await user.posts(room.id, 'three');
    await row.locator('.badge', { hasText: '3' }).waitFor();
    assert.match(await row.innerText(), /3 messages/);
    await page.locator('[role=tab]', { hasText: 'Active' }).locator('.badge').waitFor();
    const amir = await it.open(`/desk/${room.id}`, 'amir');
    await amir.locator('ui-composer textarea').fill('an answer');
    await amir.keyboard.press('Enter');
    await page.locator('desk-list a', { hasText: 'You: an answer' }).waitFor();
    await row.locator('.badge').waitFor({ state: 'detached' });
    await asks('newcomer', 'I am new');
    await page.locator('desk-list a', { hasText: 'newcomer@mail.example' }).waitFor();
  });

  /** Mission B33, B34: the user on the left, agents on the right; who it is; live. */
  test('a chat shows its user, and both sides live', async () => {
    const { user, room } = await asks('lena', 'question');
    const page = await it.open(`/desk/${room.id}`, 'agnes');
    await page.locator('desk-room header', { hasText: 'lena@mail.example' }).waitFor();
    assert.match(
      await page.locator('.facts').innerText(),
      /lena@mail\.example\s+lena\s+Since \w+ \d+, \d{4}/,
    );
    await page.locator('.message.other', { hasText: 'question' }).waitFor();
    await page.locator('ui-composer textarea').fill('reply');
    await page.keyboard.press('Enter');
    await page.locator('.message.own', { hasText: 'reply' }).waitFor();
    await user.posts(room.id, 'thanks');
    await page.locator('.message.other', { hasText: 'thanks' }).waitFor();
    const [left, right] = await Promise.all(
      ['.other .bubble', '.own .bubble'].map((at) =>
        page
          .locator(at)
          .first()
          .evaluate((el) => el.getBoundingClientRect().left),
      ),
    );
    assert.ok((left ?? 0) < (right ?? 0));
  });

  /** Mission B33: put away and brought back, in both tabs. */
  test('a chat is archived and restored', async () => {
    const { room } = await asks('olga', 'done');
    const page = await it.open(`/desk/${room.id}`, 'agnes');
    await page.getByRole('button', { name: 'Archive', exact: true }).click();
    await page.getByRole('button', { name: 'Restore' }).waitFor();
    await page.locator('desk-list a', { hasText: 'olga Smith' }).waitFor({ state: 'detached' });
    await page.getByRole('tab', { name: 'Archived' }).click();
    await page.locator('desk-list a', { hasText: 'olga Smith' }).waitFor();
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.locator('desk-list a', { hasText: 'olga Smith' }).waitFor({ state: 'detached' });
    await eventually(async () => (await roomOf(room.id)).state === 'active', 'it is active again');
  });

  test('what came meanwhile is shown before a chat is put away', async () => {
    const { user, room } = await asks('mara', 'seen');
    const page = await it.open(`/desk/${room.id}`, 'agnes');
    await page.locator('.message', { hasText: 'seen' }).waitFor();
    await page.route(
      '**/archive',
      async (route) => {
        await user.posts(room.id, 'wait, one more thing');
        await route.continue();
      },
      { times: 1 },
    );
    await page.getByRole('button', { name: 'Archive', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'More has come' });
    await dialog.getByText('wait, one more thing').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await roomOf(room.id)).state, 'active');
    await page.getByRole('button', { name: 'Archive', exact: true }).click();
    await eventually(async () => (await roomOf(room.id)).state === 'archived', 'now all was seen');
  });

  test('however much came, and though no event told of it, it is counted and its end is shown', async () => {
    const { user, room } = await asks('mona', 'seen');
    const page = await it.open('/desk', 'agnes');
    await page.routeWebSocket(/\/app\//, () => {});
    await page.goto(`${it.site}/desk/${room.id}?as=agnes`);
    await page.locator('.message', { hasText: 'seen' }).waitFor();
    // Nor may it ask by itself, however long what follows takes.
    await page.route('**/v1/sync', (route) => route.abort());
    // More than a page keeps of a log.
    for (let n = 1; n <= 320; n++) await user.posts(room.id, `news ${n}`);
    await page.getByRole('button', { name: 'Archive', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'More has come' });
    await dialog.getByText('320 messages came meanwhile:').waitFor();
    await dialog.getByText('The last 10 of them are:').waitFor();
    const shown = await dialog.getByRole('listitem').allInnerTexts();
    assert.deepEqual(
      shown.map((text) => /news \d+/.exec(text)?.[0]),
      Array.from({ length: 10 }, (_, n) => `news ${311 + n}`),
    );
    await dialog.getByRole('button', { name: 'Archive anyway' }).click();
    await eventually(
      async () => (await roomOf(room.id)).state === 'archived',
      'it was put away all the same',
    );
  });

  test('agents see who else looks at a chat, and who writes; the user hears nothing of it', async () => {
    const { room } = await asks('vera', 'hello?');
    const theirs = await it.open(`/inbox/${room.id}`, 'vera');
    const heard: string[] = [];
    theirs.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => heard.push(String(payload))),
    );
    await theirs.reload();
    const [agnes, amir] = [
      await it.open(`/desk/${room.id}`, 'agnes'),
      await it.open(`/desk/${room.id}`, 'amir'),
    ];
    await amir.locator('.others', { hasText: 'Agnes Keller' }).waitFor();
    await agnes.locator('.others', { hasText: 'Amir Haddad' }).waitFor();
    await amir.locator('ui-composer textarea').fill('I th');
    await agnes.locator('.others', { hasText: 'Amir Haddad is writing' }).waitFor();
    await amir.goto(`${it.site}/desk`);
    await amir.close();
    assert.ok(!heard.join().includes('Amir'), 'names of agents stay at the desk');
  });

  test('saved replies are inserted by button and by slash, and managed', async () => {
    const { room } = await asks('cleo', 'hi');
    const page = await it.open(`/desk/${room.id}`, 'ana');
    const input = page.locator('ui-composer textarea');
    await input.press('/');
    await page.keyboard.type('order');
    await page.keyboard.press('Enter');
    assert.equal(await input.inputValue(), 'Which order is it?');
    await page.getByRole('button', { name: 'Insert a saved reply' }).click();
    await page.getByRole('button', { name: 'Manage saved replies' }).click();
    await page.getByRole('textbox', { name: 'New reply' }).fill('Good bye!');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.keyboard.press('Escape');
    await page.reload();
    await page.getByRole('button', { name: 'Insert a saved reply' }).click();
    await page.locator('desk-canned-menu li', { hasText: 'Good bye!' }).waitFor();
  });

  test('a person is found, and their chat opened', async () => {
    await (await it.caller({ sub: 'quiet', name: 'Quentin Quiet' })).call('GET', '/v1/me');
    const page = await it.open('/desk', 'agnes');
    await page.getByRole('searchbox').fill('quent');
    await page.getByRole('button', { name: /Quentin Quiet/ }).click();
    await page.locator('desk-room h2', { hasText: 'Quentin Quiet' }).waitFor();
  });

  /** Mission D11: admins see it. */
  test('reports are listed and resolved', async () => {
    const [a, b] = [await it.caller({ sub: 'ra', name: 'Ra' }), await it.caller({ sub: 'rb', name: 'Rb' })];
    const room = await a.opens({ kind: 'direct', with: 'rb' });
    const { seq } = await a.posts(room.id, 'rude words');
    await b.call('POST', `/v1/rooms/${room.id}/messages/${seq}/report`, { reason: 'it is rude' });
    const page = await it.open('/desk', 'agnes');
    await page.getByRole('button', { name: 'Reports' }).click();
    const report = page.locator('desk-reports article', { hasText: 'rude words' });
    assert.match(await report.innerText(), /it is rude\s+Reported by rb/);
    await report.getByRole('button', { name: 'Resolve' }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('warned');
    await page.getByRole('dialog').getByRole('button', { name: 'Resolve' }).click();
    await report.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Resolved' }).click();
    await page.locator('desk-reports article', { hasText: 'warned' }).waitFor();
  });

  test('everything is done by keys alone', async () => {
    for (const sub of ['key1', 'key2']) await asks(sub, `from ${sub}`);
    const page = await it.open('/desk', 'agnes');
    await page.locator('desk-list a').nth(1).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('ArrowDown');
    await page.locator('desk-list a:focus', { hasText: 'from key1' }).waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.message', { hasText: 'from key1' }).waitFor();
    await page.keyboard.press('r');
    await page.keyboard.type('by keys');
    await page.keyboard.press('Enter');
    // Until it is stored, the chat has seen less than there is, and would not be put away.
    await page.locator('.bubble.sent', { hasText: 'by keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('e');
    await page.getByRole('button', { name: 'Restore' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Choose a chat' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'detached' });
  });

  test('on a phone the list leads to a chat, and back', async () => {
    const { room } = await asks('pia', 'from a phone');
    const page = await it.open('/desk', 'agnes', { viewport: { width: 320, height: 600 } });
    await page.locator('desk-list a', { hasText: 'pia Smith' }).click();
    await page.locator('.message', { hasText: 'from a phone' }).waitFor();
    assert.ok(page.url().includes(room.id));
    await page.getByRole('button', { name: 'Back' }).click();
    await page.locator('desk-list a').first().waitFor();
  });

  /** Mission B33: relative times go on; date dividers are those of the dashboard. */
  test('days are named in full, and times are relative', async () => {
    await setClock(it.url, '2029-01-29T12:00:00Z');
    const { user, room } = await asks('dora', 'on a Monday');
    await setClock(it.url, '2029-02-01T09:58:00Z');
    await user.posts(room.id, 'on a Thursday');
    const context = await it.browser.newContext({ locale: 'en-US', timezoneId: 'Europe/Berlin' });
    const fixed = await context.newPage();
    await fixed.clock.setFixedTime(new Date('2029-02-01T10:00:30Z'));
    await fixed.goto(`${it.site}/desk/${room.id}?as=agnes`);
    await fixed.locator('.day', { hasText: 'Monday, January 29' }).waitFor();
    await fixed.locator('.day', { hasText: 'Thursday, February 1' }).waitFor();
    await fixed.locator('desk-list a', { hasText: '2 messages · 2 minutes ago' }).waitFor();
    await setClock(it.url, null);
    await context.close();
  });
});
