import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { connected, conversation, messages, open, shows, stored, unique, write } from './support/widget.ts';
import { browsing, eventually, World } from './support/world.ts';

suite('the connection', browsing, () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  /** Mission E14. */
  test('comes back after five drops: one socket, and nothing is lost', async (t) => {
    const page = await world.visit(t);
    const text = unique('Drops');
    const room = await conversation(world, page, text);
    const expected = [text];
    world.proxy.sockets.most = world.proxy.sockets.open;
    for (let drop = 1; drop <= 5; drop++) {
      world.proxy.cut();
      await page.locator('.state:not([data-state="connected"])').waitFor();
      await world.agent.posts(room.id, `While it was gone ${drop}`);
      await write(page, `I write on ${drop}`);
      await connected(page);
      await world.agent.posts(room.id, `When it is back ${drop}`);
      expected.push(`While it was gone ${drop}`, `I write on ${drop}`, `When it is back ${drop}`);
      await shows(page, ...expected);
    }
    assert.deepEqual([world.proxy.sockets.open, world.proxy.sockets.most], [1, 1]);
    assert.deepEqual(
      (await world.agent.log(room.id)).map(({ body }) => body),
      expected,
    );
  });

  test('that died unnoticed is replaced when the visitor comes back, and what it missed is there', async (t) => {
    const page = await world.visit(t);
    const text = unique('Asleep');
    const room = await conversation(world, page, text);
    const { opened } = world.proxy.sockets;
    world.proxy.silence();
    await world.agent.posts(room.id, 'Are you there?');
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await shows(page, text, 'Are you there?');
    await eventually(() => assert.equal(world.proxy.sockets.opened, opened + 1));
    await connected(page);
    await world.agent.posts(room.id, 'Now I hear you');
    await shows(page, text, 'Are you there?', 'Now I hear you');
  });

  /** Mission E14. */
  test('is not needed to write: what was written waits, through a reload too, and is sent once', async (t) => {
    const page = await world.visit(t);
    const text = unique('Offline');
    const room = await conversation(world, page, text);
    world.proxy.decide = () => 'refuse';
    world.proxy.takesSockets = false;
    t.after(() => {
      world.proxy.decide = () => 'pass';
      world.proxy.takesSockets = true;
    });
    world.proxy.cut();
    await write(page, 'In a tunnel');
    await eventually(async () =>
      assert.deepEqual((await messages(page)).at(-1), {
        text: 'In a tunnel',
        isOwn: true,
        status: 'sending',
        note: 'Waiting to be sent',
      }),
    );
    await page.reload();
    await open(page);
    await eventually(async () => assert.equal((await messages(page)).at(-1)?.text, 'In a tunnel'));
    await write(page, 'Still in it');
    await eventually(async () => assert.equal((await messages(page)).length, 2));
    world.proxy.decide = () => 'pass';
    world.proxy.takesSockets = true;
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await shows(page, text, 'In a tunnel', 'Still in it');
    assert.equal((await world.agent.log(room.id)).length, 3);
    const keys = Object.keys(await stored(page));
    assert.deepEqual(keys, [`parlour-widget:${world.proxy.url}`]);
  });

  test('that never comes leaves the chat working, by asking', async (t) => {
    world.proxy.takesSockets = false;
    t.after(() => {
      world.proxy.takesSockets = true;
    });
    const page = await world.visit(t);
    const text = unique('Without a socket');
    await open(page);
    await page.getByText('How can we help?').waitFor();
    await write(page, text);
    await shows(page, text);
    const room = await world.roomOf(text);
    await world.agent.posts(room.id, 'I hear you');
    await shows(page, text, 'I hear you');
  });
});
