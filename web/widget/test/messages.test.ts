import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Page } from 'playwright-core';
import {
  badge,
  connected,
  conversation,
  messages,
  open,
  scrollTo,
  shows,
  stored,
  texts,
  unique,
  write,
} from './support/widget.ts';
import { browsing, eventually, gate, World } from './support/world.ts';

/** Counts the notes that the page has played. */
function listen(): void {
  const make = AudioContext.prototype.createOscillator;
  Object.assign(document, { notes: 0 });
  AudioContext.prototype.createOscillator = function (this: AudioContext) {
    (document as unknown as { notes: number }).notes += 1;
    return make.call(this);
  };
}

suite('messages', browsing, () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, at) => `Message ${from + at}`);
  const notes = (page: Page) => page.evaluate(() => (document as unknown as { notes: number }).notes);
  const log = (page: Page) => page.locator('.log');

  /** Mission E13. */
  test('of one’s own are shown at once, and stay the same bubble when they are answered', async (t) => {
    const page = await world.visit(t);
    await conversation(world, page);
    const { opened, open: answer } = gate();
    world.proxy.decide = async ({ method, path }) =>
      method === 'POST' && path.endsWith('/messages') ? opened.then(() => 'pass') : 'pass';
    t.after(() => {
      world.proxy.decide = () => 'pass';
    });
    await write(page, 'Optimistic');
    assert.deepEqual((await messages(page)).at(-1), {
      text: 'Optimistic',
      isOwn: true,
      status: 'sending',
      note: '',
    });
    const marked = () => page.locator('.message').last();
    await marked().evaluate((it) => it.toggleAttribute('data-mark', true));
    answer();
    await eventually(async () => assert.equal((await messages(page)).at(-1)?.status, 'sent'));
    assert.equal((await messages(page)).length, 2);
    assert.equal(await marked().getAttribute('data-mark'), '');
  });

  /** Mission B30. */
  test('that come twice are shown once', async (t) => {
    const page = await world.visit(t);
    const room = await conversation(world, page, 'First');
    world.proxy.mangle = (frame) => [frame, frame, frame];
    t.after(() => {
      world.proxy.mangle = (frame) => [frame];
    });
    await write(page, 'Mine');
    await eventually(async () => assert.equal((await texts(page)).at(-1), 'Mine'));
    await world.agent.posts(room.id, 'Theirs');
    await world.agent.posts(room.id, 'And more');
    await shows(page, 'First', 'Mine', 'Theirs', 'And more');
  });

  /** Mission B31. */
  test('of an agent sound; one’s own, old ones and muted ones do not', async (t) => {
    const page = await world.visit(t, { before: listen });
    const room = await conversation(world, page, unique('Sounds'));
    assert.equal(await notes(page), 0);
    await world.agent.posts(room.id, 'Ding');
    await eventually(async () => assert.equal(await notes(page), 2));
    await write(page, 'Mine');
    await eventually(async () => assert.equal((await messages(page)).at(-1)?.status, 'sent'));
    assert.equal(await notes(page), 2);
    const mute = page.getByRole('button', { name: 'Sounds' });
    assert.equal(await mute.getAttribute('aria-pressed'), 'true');
    await mute.click();
    assert.equal(await mute.getAttribute('aria-pressed'), 'false');
    await world.agent.posts(room.id, 'Silence');
    await eventually(async () => assert.equal((await texts(page)).at(-1), 'Silence'));
    assert.equal(await notes(page), 2);

    await page.reload();
    await open(page);
    await connected(page);
    assert.equal((await texts(page)).at(-1), 'Silence');
    assert.equal(await page.getByRole('button', { name: 'Sounds' }).getAttribute('aria-pressed'), 'false');
    assert.equal(await notes(page), 0);
  });

  /** Mission B32. */
  test('are read when the panel is opened, on a page that somebody looks at', async (t) => {
    const page = await world.visit(t);
    const room = await conversation(world, page, unique('Reads'));
    const read = async () =>
      (
        await world.agent.call<{ members: { id: string; read: number }[] }>('GET', `/v1/rooms/${room.id}`)
      ).members.find(({ id }) => id.startsWith('guest:'))?.read;
    await page.locator('.launcher').click();
    await world.agent.posts(room.id, 'Two');
    await eventually(async () => assert.equal(await badge(page), '1'));
    assert.equal(await read(), 1);

    // Nobody looks at the page: it is open, and nothing is read.
    await page.evaluate(() => {
      document.hasFocus = () => false;
    });
    await open(page);
    await world.agent.posts(room.id, 'Three');
    await eventually(async () => assert.equal((await texts(page)).at(-1), 'Three'));
    // Longer than the client waits before it tells what is read.
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 600)));
    assert.equal(await read(), 1);
    await page.evaluate(() => {
      document.hasFocus = () => true;
      window.dispatchEvent(new Event('focus'));
    });
    await eventually(async () => assert.equal(await read(), 3));
    await page.locator('.launcher').click();
    assert.equal(await badge(page), 'hidden');
  });

  /** Mission B32. */
  test('keep to the end, unless the reader has scrolled up; then a button leads there', async (t) => {
    const page = await world.visit(t);
    const room = await conversation(world, page, unique('Scrolls'));
    for (const text of numbers(1, 20)) await world.agent.posts(room.id, text);
    const toEnd = () => log(page).evaluate((it) => it.scrollHeight - it.clientHeight - it.scrollTop);
    await eventually(async () => assert.equal((await texts(page)).at(-1), 'Message 20'));
    assert.ok((await toEnd()) < 2);
    await scrollTo(page, 40);
    const news = page.getByRole('button', { name: 'New messages' });
    assert.equal(await news.count(), 0);
    await world.agent.posts(room.id, 'Further down');
    await news.waitFor();
    assert.equal(await log(page).evaluate((it) => it.scrollTop), 40);
    await news.click();
    await news.waitFor({ state: 'hidden' });
    assert.ok((await toEnd()) < 2);
    await scrollTo(page, 40);
    await write(page, 'What I write leads back too');
    await eventually(async () => assert.ok((await toEnd()) < 2));
  });

  test('leave a reader where he scrolled to, though the page has not been told of it yet', async (t) => {
    const page = await world.visit(t);
    const room = await conversation(world, page, unique('Scrolls'));
    for (const text of numbers(1, 20)) await world.agent.posts(room.id, text);
    await eventually(async () => assert.equal((await texts(page)).at(-1), 'Message 20'));
    // The event comes with the next frame, and a message may come before that: here it never comes.
    await log(page).evaluate((it) => {
      it.addEventListener('scroll', (event) => event.stopImmediatePropagation(), { capture: true });
      it.scrollTo(0, 40);
    });
    await world.agent.posts(room.id, 'Meanwhile');
    await page.getByRole('button', { name: 'New messages' }).waitFor();
    assert.equal(await log(page).evaluate((it) => it.scrollTop), 40);
  });

  /** Mission C11. */
  test('that are older are loaded by scrolling up, in place, while new ones come', async (t) => {
    const page = await world.visit(t);
    const room = await conversation(world, page, 'Message 0');
    await page.goto('about:blank');
    for (const text of numbers(1, 160)) await world.agent.posts(room.id, text);
    await page.goBack();
    await open(page);
    await connected(page);
    assert.deepEqual(await texts(page), numbers(111, 160));

    let newest = 160;
    for (let first = 111; first > 0; first = Math.max(0, first - 50)) {
      const top = () =>
        page.locator('.message', { hasText: new RegExp(`Message ${first}\\b`) }).evaluate((it) => {
          const list = it.closest('.log') as HTMLElement;
          return (
            (it.querySelector('.bubble') as HTMLElement).getBoundingClientRect().top -
            list.getBoundingClientRect().top
          );
        });
      // Where the first one stands before the older ones come is only known while they do not.
      const { opened, open: answer } = gate();
      world.proxy.decide = async ({ path }) =>
        path.includes('before=') ? opened.then(() => 'pass') : 'pass';
      await scrollTo(page, 0);
      await eventually(() =>
        assert.ok(world.proxy.calls.some(({ path }) => path.includes(`before=${first + 1}&`))),
      );
      newest += 1;
      await world.agent.posts(room.id, `Message ${newest}`);
      await eventually(async () => assert.equal((await texts(page)).at(-1), `Message ${newest}`));
      const from = await top();
      answer();
      await eventually(async () =>
        assert.deepEqual(await texts(page), numbers(Math.max(0, first - 50), newest)),
      );
      assert.ok(Math.abs((await top()) - from) < 2, `${first}: from ${from} to ${await top()}`);
    }
    world.proxy.decide = () => 'pass';
    assert.deepEqual(await texts(page), numbers(0, newest));
  });

  test('that cannot be sent say so, and are sent again or discarded', async (t) => {
    const page = await world.visit(t);
    const room = await conversation(world, page, 'Good');
    const token = JSON.parse(Object.values(await stored(page))[0] as string).guest;
    assert.ok(token);
    // A post that the API takes for wrong: by the answer of something between, since all that can be typed is right.
    await page.context().route(/\/messages$/, (route) =>
      route.request().method() === 'POST'
        ? route.fulfill({
            status: 422,
            headers: { 'access-control-allow-origin': '*' },
            json: { code: 'invalid', detail: 'no' },
          })
        : route.continue(),
    );
    await write(page, 'Refused');
    await write(page, 'Refused too');
    await eventually(async () =>
      assert.deepEqual(
        (await messages(page)).map(({ status }) => status),
        ['sent', 'failed', 'failed'],
      ),
    );
    assert.ok((await messages(page))[1]?.note.startsWith('Not sent.'));
    await page.getByRole('button', { name: 'Discard' }).first().click();
    assert.deepEqual(await texts(page), ['Good', 'Refused too']);
    await page.context().unroute(/\/messages$/);
    await page.getByRole('button', { name: 'Try again' }).click();
    await shows(page, 'Good', 'Refused too');
    assert.equal((await world.agent.log(room.id)).length, 2);
  });

  test('that were edited or deleted are shown so, and those that the desk has seen', async (t) => {
    const page = await world.visit(t);
    const room = await conversation(world, page, 'Is it seen?');
    await world.agent.call('PUT', `/v1/rooms/${room.id}/read`, { seq: 1 });
    await eventually(async () => assert.equal((await messages(page))[0]?.note, 'Seen'));
    await world.agent.posts(room.id, 'Ansxer');
    await world.agent.posts(room.id, 'Wrong');
    await world.agent.call('PATCH', `/v1/rooms/${room.id}/messages/2`, { body: 'Answer' });
    await world.agent.call('DELETE', `/v1/rooms/${room.id}/messages/3`);
    await shows(page, 'Is it seen?', 'Answer', 'This message was deleted.');
    assert.match((await page.locator('time').nth(1).textContent()) ?? '', /^edited /);
  });
});
