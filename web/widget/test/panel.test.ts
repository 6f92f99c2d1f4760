import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Page } from 'playwright-core';
import {
  connected,
  conversation,
  isOpen,
  messages,
  open,
  shows,
  state,
  texts,
  write,
} from './support/widget.ts';
import { browsing, eventually, gate, World } from './support/world.ts';

const LINE = 15 * 1.45;

suite('the panel', browsing, () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const animation = (page: Page) =>
    page.locator('.panel').evaluate((it) => {
      const { animationName, animationDuration } = getComputedStyle(it);
      return [animationName, Number.parseFloat(animationDuration) > 0.1];
    });

  /** Mission B26. */
  test('slides up, unless less motion is wanted', async (t) => {
    const page = await world.visit(t);
    await open(page);
    assert.deepEqual(await animation(page), ['rise', true]);
    const still = await world.visit(t, { browser: { reducedMotion: 'reduce' } });
    await open(still);
    assert.deepEqual(await animation(still), ['rise', false]);
  });

  /** Mission B26. */
  test('has a title, and a dot that is green while connected and grey soon after a drop', async (t) => {
    const page = await world.visit(t, { attributes: { title: 'Acme help' } });
    const green = (text: string) => {
      const [red = 0, middle = 0, blue = 0] = (text.match(/\d+/g) ?? []).map(Number);
      return middle > red * 1.5 && middle > blue * 1.5;
    };
    const dot = () =>
      page.locator('.state').evaluate((it) => getComputedStyle(it, '::before').backgroundColor);
    await open(page);
    await connected(page);
    assert.equal(await page.getByRole('heading', { name: 'Acme help' }).count(), 1);
    assert.equal(await page.getByRole('dialog', { name: 'Acme help' }).count(), 1);
    assert.equal(await page.locator('.state').textContent(), 'Connected');
    await eventually(async () => assert.ok(green(await dot()), await dot()));
    world.proxy.takesSockets = false;
    t.after(() => {
      world.proxy.takesSockets = true;
    });
    const from = Date.now();
    world.proxy.cut();
    await eventually(async () => assert.ok(!green(await dot()), await dot()));
    assert.ok(Date.now() - from < 1_500, `${Date.now() - from} ms`);
    assert.equal(await page.locator('.state').textContent(), 'Connecting…');
    world.proxy.takesSockets = true;
    await connected(page);
  });

  test('says so at once when the device is offline', async (t) => {
    const page = await world.visit(t);
    await open(page);
    await connected(page);
    await page.context().setOffline(true);
    await page.locator('.state[data-state="offline"]').waitFor();
    await page.context().setOffline(false);
    await connected(page);
  });

  /** Mission B27. */
  test('shows a list that scrolls, with bubbles by sender, the time on each, and the days', async (t) => {
    const page = await world.visit(t, { browser: { timezoneId: 'UTC', locale: 'en-US' } });
    const room = await conversation(world, page, 'I have a question');
    for (let at = 1; at <= 12; at++) await world.agent.posts(room.id, `An answer of two lines\nNumber ${at}`);
    await eventually(async () => assert.equal((await messages(page)).length, 13));
    const shown = await messages(page);
    assert.deepEqual([shown[0]?.isOwn, shown.slice(1).some(({ isOwn }) => isOwn)], [true, false]);
    const sides = await page.locator('.bubble').evaluateAll((all) =>
      all.map((it) => {
        const { left, right } = it.getBoundingClientRect();
        const list = it.closest('.log')?.getBoundingClientRect() as DOMRect;
        return left - list.left < list.right - right ? 'left' : 'right';
      }),
    );
    assert.deepEqual(sides, ['right', ...Array(12).fill('left')]);
    const colours = await page
      .locator('.bubble')
      .evaluateAll((all) => all.map((it) => getComputedStyle(it).backgroundColor));
    assert.equal(new Set(colours).size, 2);
    const times = await page.locator('time').allTextContents();
    assert.equal(times.length, 13);
    assert.ok(
      times.every((time) => /^\d?\d:\d\d\s[AP]M$/.test(time)),
      String(times),
    );
    assert.deepEqual(await page.locator('.day').allTextContents(), ['today']);
    const [scrolls, top] = await page
      .locator('.log')
      .evaluate((it) => [
        it.scrollHeight > it.clientHeight,
        it.scrollTop + it.clientHeight - it.scrollHeight,
      ]);
    assert.equal(scrolls, true);
    assert.ok(Math.abs(Number(top)) < 2);
  });

  /** Mission B27. */
  test('names the days that are not today', async (t) => {
    const page = await world.visit(t, { browser: { timezoneId: 'UTC', locale: 'en-US' } });
    await conversation(world, page, 'Before');
    const inDays = async (days: number) => {
      await page.clock.setFixedTime(Date.now() + days * 86_400_000);
      await write(page, `After ${days}`);
      return page.locator('.day').allTextContents();
    };
    // The clock on the page alone has moved on, so this is the day of a message that is a day old.
    await inDays(1);
    await eventually(async () =>
      assert.ok((await page.locator('.day').allTextContents()).includes('yesterday')),
    );
    await inDays(3);
    const day = new Intl.DateTimeFormat('en', {
      weekday: 'long',
      month: 'long',
      day: 'numeric',
      timeZone: 'UTC',
    });
    const expected = day.format(new Date());
    await eventually(async () => assert.equal((await page.locator('.day').allTextContents())[0], expected));
  });

  /** Mission B28. */
  test('has an input that grows to four lines, and a button that sends', async (t) => {
    const page = await world.visit(t);
    await open(page);
    await connected(page);
    const input = page.locator('textarea');
    const height = () => input.evaluate((it) => it.getBoundingClientRect().height);
    const empty = await height();
    for (const [lines, expected] of [
      [2, 1],
      [3, 2],
      [4, 3],
      [5, 3],
      [9, 3],
    ] as const) {
      await input.fill(Array.from({ length: lines }, (_, at) => `Line ${at}`).join('\n'));
      assert.equal(Math.round(((await height()) - empty) / LINE), expected, `${lines} lines`);
    }
    assert.ok((await input.evaluate((it) => it.scrollHeight - it.clientHeight)) > LINE);
    await input.fill('By the button');
    await page.getByRole('button', { name: 'Send' }).click();
    await shows(page, 'By the button');
    assert.equal(await input.inputValue(), '');
    assert.equal(await height(), empty);
  });

  /** Mission B28. */
  test('sends with Enter; not with Shift, while an IME composes, or where there is nothing to say', async (t) => {
    const page = await world.visit(t);
    await open(page);
    await connected(page);
    const input = page.locator('textarea');
    await input.press('Enter');
    await input.fill('  \n ');
    await input.press('Enter');
    await input.fill('One');
    await input.press('Shift+Enter');
    await input.pressSequentially('Two');
    await input.evaluate((it) => {
      for (const ime of [{ isComposing: true }, { keyCode: 229 }])
        it.dispatchEvent(
          new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, ...ime }),
        );
    });
    assert.deepEqual(await messages(page), []);
    await input.press('Enter');
    await shows(page, 'One\nTwo');
  });

  /** Mission B29. */
  test('shows that it loads until the first answer, and then the chat', async (t) => {
    const page = await world.visit(t);
    const { opened, open: answer } = gate();
    world.proxy.decide = async () => opened.then(() => 'pass');
    t.after(() => {
      world.proxy.decide = () => 'pass';
    });
    await open(page);
    await page.getByText('Loading the conversation…').waitFor({ state: 'attached' });
    assert.equal(await state(page), 'connecting');
    assert.equal(await page.locator('.welcome').count(), 0);
    answer();
    await page.getByText('How can we help?').waitFor();
    assert.equal(await page.locator('.skeleton').count(), 0);
    await connected(page);
  });

  test('sends what was written while it loads as soon as it has loaded', async (t) => {
    const page = await world.visit(t);
    const { opened, open: answer } = gate();
    world.proxy.decide = async () => opened.then(() => 'pass');
    t.after(() => {
      world.proxy.decide = () => 'pass';
    });
    await open(page);
    await write(page, 'Early');
    assert.equal(await page.locator('textarea').inputValue(), 'Early');
    answer();
    await shows(page, 'Early');
    assert.equal(await page.locator('textarea').inputValue(), '');
  });

  test('shows that it could not be loaded, and tries again when asked to', async (t) => {
    const page = await world.visit(t);
    world.proxy.decide = () => 'refuse';
    t.after(() => {
      world.proxy.decide = () => 'pass';
    });
    await open(page);
    await page.getByRole('alert').getByText('The chat could not be loaded.').waitFor();
    world.proxy.decide = () => 'pass';
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('How can we help?').waitFor();
    await connected(page);
  });

  test('takes its words from the page where that has better ones', async (t) => {
    const attributes = { strings: '{"hello":"Ahoy!","send":"Go"}', intro: 'Ask the <b>crew</b>.' };
    const page = await world.visit(t, { attributes });
    await open(page);
    await page.getByText('Ahoy!').waitFor();
    await page.getByText('Ask the <b>crew</b>.').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Go' }).count(), 1);
  });

  test('keeps what is written while it is closed and opened again', async (t) => {
    const page = await world.visit(t);
    await conversation(world, page, 'Sent');
    await page.locator('textarea').fill('Not yet');
    await page.keyboard.press('Escape');
    assert.equal(await isOpen(page), false);
    await open(page);
    assert.equal(await page.locator('textarea').inputValue(), 'Not yet');
    assert.deepEqual(await texts(page), ['Sent']);
  });
});
