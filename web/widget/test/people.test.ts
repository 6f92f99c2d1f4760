import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Page } from 'playwright-core';
import { Caller } from '../../client/test/support/program.ts';
import {
  badge,
  connected,
  conversation,
  messages,
  open,
  shows,
  stored,
  texts,
  unique,
  write,
} from './support/widget.ts';
import { browsing, eventually, World } from './support/world.ts';

suite('who the visitor is', browsing, () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const kept = async (page: Page) =>
    JSON.parse((await stored(page))[`parlour-widget:${world.proxy.url}`] ?? '{}') as {
      guest?: string;
      room?: string;
    };

  interface Row {
    id: string;
    user: { id: string; name?: string; email?: string; type: string };
  }
  const row = async (id: string) =>
    (await world.agent.call<{ rooms: Row[] }>('GET', '/v1/desk/rooms?state=active&limit=100')).rooms.find(
      (it) => it.id === id,
    ) as Row;

  /** Mission B34. */
  test('a guest says name and address if they like, and is let in with the first message', async (t) => {
    const page = await world.visit(t, { attributes: { ask: 'name email' } });
    world.proxy.calls = [];
    await open(page);
    await page.getByText('Leave your e-mail address').waitFor();
    assert.deepEqual(
      [world.proxy.calls, await stored(page)],
      [[], {}],
      'nobody is asked before something is said',
    );
    await page.getByLabel('Name (optional)').fill('Vera');
    await page.getByLabel('E-mail (optional)').fill('not an address');
    await write(page, 'Please answer by mail');
    assert.deepEqual(await messages(page), [], 'the browser says what is wrong with the address');
    await page.getByLabel('E-mail (optional)').fill('vera@mail.example');
    await page.locator('textarea').press('Enter');
    await shows(page, 'Please answer by mail');
    const room = await world.roomOf('Please answer by mail');
    const { user } = await row(room.id);
    assert.deepEqual([user.name, user.email], ['Vera', 'vera@mail.example']);
    assert.equal(await page.getByLabel('E-mail (optional)').isVisible(), false);
    assert.equal(await page.locator('textarea').inputValue(), '');
  });

  test('a guest who says nothing of themselves is let in all the same', async (t) => {
    const page = await world.visit(t, { attributes: { ask: 'email' } });
    const text = unique('Anonymous');
    await open(page);
    assert.equal(await page.getByLabel('Name (optional)').count(), 0);
    await write(page, text);
    await shows(page, text);
    assert.equal((await row((await world.roomOf(text)).id)).user.email ?? null, null);
  });

  test('a first message that did not get through is still there, and sent again', async (t) => {
    const page = await world.visit(t, { attributes: { ask: 'email' } });
    world.proxy.decide = () => 'refuse';
    t.after(() => {
      world.proxy.decide = () => 'pass';
    });
    const text = unique('First');
    await open(page);
    await write(page, text);
    await page.getByText('The chat could not be loaded.').waitFor();
    assert.equal(await page.locator('textarea').inputValue(), text);
    world.proxy.decide = () => 'pass';
    await page.getByRole('button', { name: 'Try again' }).click();
    await shows(page, text);
    assert.equal(await page.locator('textarea').inputValue(), '');
  });

  test('a guest’s token is kept, and where it is refused there is another guest', async (t) => {
    const page = await world.visit(t);
    const room = await conversation(world, page, unique('Kept'));
    const { guest, room: id } = await kept(page);
    assert.equal(id, room.id);
    await page.reload();
    await open(page);
    await connected(page);
    assert.deepEqual(await kept(page), { guest, room: id });
    await page.evaluate((key) => {
      const { guest, room } = JSON.parse(localStorage.getItem(key) as string);
      localStorage.setItem(key, JSON.stringify({ guest: `${guest.slice(0, -4)}AAAA`, room }));
    }, `parlour-widget:${world.proxy.url}`);
    await page.reload();
    await open(page);
    await connected(page);
    await write(page, 'As somebody else');
    await shows(page, 'As somebody else');
    const now = await kept(page);
    assert.ok(now.guest && now.guest !== guest && now.room && now.room !== id);
  });

  test('who is signed in by the page’s server is not a guest', async (t) => {
    world.signedIn = { sub: 'otto', name: 'Otto', email: 'otto@mail.example' };
    const page = await world.visit(t, { attributes: { tokenUrl: '/token', ask: 'name email' } });
    const room = await conversation(world, page, unique('Signed in'));
    const { user } = await row(room.id);
    assert.deepEqual([user.name, user.email], ['Otto', 'otto@mail.example']);
    assert.deepEqual(await kept(page), { room: room.id });
    assert.ok(!world.proxy.calls.some(({ path, body }) => path === '/v1/guests' && body.includes('Otto')));
  });

  test('who signs in keeps the chat that they had as a guest', async (t) => {
    world.signedIn = null;
    const page = await world.visit(t, { attributes: { tokenUrl: '/token' } });
    const room = await conversation(world, page, unique('Before signing in'));
    world.signedIn = { sub: 'una', name: 'Una' };
    await page.reload();
    await eventually(async () => assert.deepEqual(await kept(page), { room: room.id }));
    assert.equal((await row(room.id)).user.name, 'Una');
    await world.agent.posts(room.id, 'Hello, Una');
    await eventually(async () => assert.equal(await badge(page), '1'));
    await open(page);
    await connected(page);
    assert.equal((await texts(page)).at(-1), 'Hello, Una');
    await write(page, 'It is me');
    await eventually(async () => assert.equal((await messages(page)).at(-1)?.status, 'sent'));
    assert.equal((await world.agent.log(room.id)).at(-1)?.body, 'It is me');
  });

  test('what a guest could not send yet is sent, once, when they sign in', async (t) => {
    const yara = await Caller.enter(world.program.url, { sub: 'yara', name: 'Yara' });
    const page = await world.visit(t);
    const text = unique('Before signing in');
    const room = await conversation(world, page, text);
    // One arrives without an answer, and the next is never sent.
    const isPost = (path: string) => path.endsWith('/messages');
    world.proxy.decide = ({ method, path }) => (method === 'POST' && isPost(path) ? 'lose' : 'pass');
    t.after(() => {
      world.proxy.decide = () => 'pass';
    });
    await write(page, 'Halfway');
    await eventually(async () => assert.equal((await world.agent.log(room.id)).length, 2));
    world.proxy.decide = ({ method, path }) => (method === 'POST' && isPost(path) ? 'refuse' : 'pass');
    await write(page, 'Not yet');
    await eventually(async () => assert.equal((await messages(page)).at(-1)?.text, 'Not yet'));
    world.proxy.decide = () => 'pass';
    await page.evaluate((token) => window.ParlourWidget?.setToken(() => token), yara.token);
    await eventually(async () => assert.deepEqual(await kept(page), { room: room.id }));
    await shows(page, text, 'Halfway', 'Not yet');
    const log = await world.agent.log(room.id);
    assert.deepEqual(
      log.map(({ body }) => body),
      [text, 'Halfway', 'Not yet'],
    );
    await eventually(async () => assert.equal(Object.keys(await stored(page)).length, 1));
  });

  test('who signs in and had a chat already sees that one', async (t) => {
    world.signedIn = null;
    const una = await Caller.enter(world.program.url, { sub: 'wanda', name: 'Wanda' });
    const own = await una.opens({ kind: 'support' });
    await una.posts(own.id, 'My own chat');
    const page = await world.visit(t, { attributes: { tokenUrl: '/token' } });
    const guests = await conversation(world, page, unique('As a guest'));
    await page.evaluate((token) => window.ParlourWidget?.setToken(() => token), una.token);
    await shows(page, 'My own chat');
    assert.deepEqual(await kept(page), { room: own.id });
    assert.equal((await world.agent.log(guests.id)).length, 1, 'what the guest wrote stays with the desk');
    const merges = world.proxy.calls.filter(
      ({ method, path }) => method === 'POST' && path === '/v1/guests/merge',
    );
    assert.ok(merges.length);
  });

  test('who signs out leaves nothing behind', async (t) => {
    const page = await world.visit(t);
    const una = await Caller.enter(world.program.url, { sub: 'olga' });
    await page.evaluate((token) => window.ParlourWidget?.setToken(async () => token), una.token);
    const text = unique('Mine');
    await conversation(world, page, text);
    await page.evaluate(() => window.ParlourWidget?.setToken(null));
    await page.getByText('How can we help?').waitFor();
    await connected(page);
    const { guest } = await kept(page);
    assert.ok(guest);
    assert.ok(!JSON.stringify(await stored(page)).includes(text));
    assert.deepEqual(await texts(page), []);
  });

  test('who was signed out by the page’s server is a guest, without the chat of before', async (t) => {
    world.signedIn = { sub: 'gone' };
    const page = await world.visit(t, { attributes: { tokenUrl: '/token', ask: 'email' } });
    await conversation(world, page, unique('Signed in'));
    world.signedIn = null;
    await page.reload();
    await eventually(async () => assert.deepEqual(await stored(page), {}));
    await open(page);
    await page.getByText('How can we help?').waitFor();
    assert.deepEqual(await texts(page), []);
  });
});
