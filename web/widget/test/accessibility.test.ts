import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, suite, type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import {
  connected,
  conversation,
  isOpen,
  messages,
  open,
  scrollTo,
  shows,
  texts,
  unique,
  write,
} from './support/widget.ts';
import { browsing, eventually, type Visit, World } from './support/world.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Result {
  violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
}

suite('everybody', browsing, () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  /** What axe-core finds wrong with the widget. */
  async function check(page: Page, what: string): Promise<void> {
    // Colours that change or fade in are not those that are read.
    await page.evaluate(() =>
      document
        .querySelector('parlour-widget')
        ?.shadowRoot?.getAnimations()
        .forEach((it) => {
          if (it.effect?.getComputedTiming().iterations === 1) it.finish();
        }),
    );
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { axe: { run(on: object): Promise<Result> } }).axe.run({
        include: ['parlour-widget'],
      }),
    );
    const found = violations.map(({ id, nodes }) => [
      id,
      ...nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`),
    ]);
    assert.deepEqual(found, [], what);
  }

  for (const language of ['en', 'de', 'ar']) {
    for (const colorScheme of ['light', 'dark'] as const) {
      test(`finds the widget without a barrier: ${language}, ${colorScheme}`, async (t) => {
        t.after(() => {
          world.proxy.decide = () => 'pass';
        });
        const visit: Visit = { attributes: { language, ask: 'name email' }, browser: { colorScheme } };
        const page = await world.visit(t, visit);
        await check(page, 'closed');
        await open(page);
        await page.locator('.welcome').waitFor();
        await check(page, 'new');
        world.proxy.decide = () => 'refuse';
        await write(page, 'Hello');
        await page.locator('.failure').waitFor();
        await check(page, 'an error');
        world.proxy.decide = () => new Promise((resolve) => setTimeout(resolve, 400, 'pass'));
        await page.locator('.retry').click();
        await page.locator('.skeleton').waitFor();
        await check(page, 'loading');
        world.proxy.decide = () => 'pass';
        await connected(page);
        await shows(page, 'Hello');
        await talks(page);
        await check(page, 'a conversation');
        await page.context().setOffline(true);
        await write(page, 'Offline');
        await page.locator('.state[data-state="offline"]').waitFor();
        await page.locator('.message.sending .note:not(:empty)').waitFor();
        await check(page, 'offline');
        await page.locator('.launcher').click();
        await page.context().setOffline(false);
      });
    }
  }

  /** An answer with a link, one that failed, and the button to new ones. */
  async function talks(page: Page): Promise<void> {
    const { room_id } = (
      await world.agent.call<{ rooms: { id: string; last_message: { preview: string } }[] }>(
        'GET',
        '/v1/desk/rooms?state=active&limit=1',
      )
    ).rooms.map(({ id }) => ({ room_id: id }))[0] as { room_id: string };
    for (let at = 0; at < 8; at++) await world.agent.posts(room_id, `An answer: https://help.example/${at}`);
    await eventually(async () => assert.equal((await messages(page)).length, 9));
    world.proxy.decide = () => 'pass';
    await page.context().route(/\/messages$/, (route) =>
      route.request().method() === 'POST'
        ? route.fulfill({
            status: 422,
            headers: { 'access-control-allow-origin': '*' },
            json: { code: 'invalid' },
          })
        : route.continue(),
    );
    await write(page, 'Refused');
    await page.locator('.message.failed').waitFor();
    await page.context().unroute(/\/messages$/);
    await scrollTo(page, 30);
    await world.agent.posts(room_id, 'Further down');
    await page.locator('.news').waitFor();
  }

  test('gets along with a keyboard alone', async (t) => {
    const page = await world.visit(t, { body: '<button id="before">Before</button>' });
    const focused = () =>
      page.evaluate(() => {
        const inner = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
        return inner?.getAttribute('aria-label') ?? inner?.textContent;
      });
    const tabs = async (...expected: string[]) => {
      for (const label of expected) {
        await page.keyboard.press('Tab');
        assert.equal(await focused(), label);
        const ring = await page.evaluate(() => {
          const inner =
            document.activeElement?.shadowRoot?.activeElement ?? (document.activeElement as Element);
          const { outlineStyle, outlineWidth } = getComputedStyle(inner);
          const frame = getComputedStyle(inner.closest('.line') ?? inner);
          return (outlineStyle !== 'none' && outlineWidth !== '0px') || frame.boxShadow !== 'none';
        });
        assert.ok(ring, `${label} shows that it has the focus`);
      }
    };
    await tabs('Before', 'Open chat');
    await page.keyboard.press('Enter');
    await connected(page);
    assert.equal(await focused(), 'Message');
    const text = unique('By keyboard');
    await page.keyboard.type(text);
    await page.keyboard.press('Enter');
    await shows(page, text);
    await tabs('Send', 'Close chat');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    assert.equal(await focused(), 'Messages');
    await page.keyboard.press('Shift+Tab');
    assert.equal(await focused(), 'Sounds');
    await page.keyboard.press('Space');
    assert.equal(await page.getByRole('button', { name: 'Sounds' }).getAttribute('aria-pressed'), 'false');
    await page.keyboard.press('Escape');
    assert.equal(await isOpen(page), false);
    assert.equal(await focused(), 'Open chat');
    await page.keyboard.press('Space');
    await eventually(async () => assert.equal(await focused(), 'Message'));
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Close chat');
    await page.keyboard.press('Escape');
    assert.equal(await isOpen(page), false);
  });

  test('hears new messages, and not the old ones', async (t) => {
    const page = await world.visit(t);
    const room = await conversation(world, page, unique('Live'));
    const log = page.getByRole('log', { name: 'Messages' });
    for (let at = 0; at < 70; at++) await world.agent.posts(room.id, `Old ${at}`);
    await page.reload();
    /** Notes how the list was announced whenever something was added to it. */
    await page.evaluate(() => {
      const heard: string[] = [];
      Object.assign(document, { heard });
      const root = document.querySelector('parlour-widget')?.shadowRoot as ShadowRoot;
      new MutationObserver((changes) => {
        for (const { target, addedNodes } of changes) {
          const list = target as HTMLElement;
          if (list.matches('.log'))
            for (const node of addedNodes) heard.push(`${list.ariaLive} ${node.textContent}`);
        }
      }).observe(root, { childList: true, subtree: true });
    });
    const heard = () => page.evaluate(() => (document as unknown as { heard: string[] }).heard);
    await open(page);
    await connected(page);
    await eventually(async () => assert.equal(await log.getAttribute('aria-live'), 'polite'));
    await scrollTo(page, 0);
    await eventually(async () => assert.equal((await texts(page)).length, 71));
    await eventually(async () => assert.equal(await log.getAttribute('aria-live'), 'polite'));
    assert.deepEqual(
      (await heard()).filter((it) => it.startsWith('polite')),
      [],
    );
    await world.agent.posts(room.id, 'Brand new');
    await eventually(async () => {
      const [last = ''] = (await heard()).slice(-1);
      assert.match(last, /^polite Support: Brand new/);
    });
  });

  /** A narrow phone: the whole screen, nothing cut off, and targets for fingers. */
  test('on a phone has a sheet that fills it, with large targets', async (t) => {
    const size = { width: 320, height: 568 };
    const page = await world.visit(t, { browser: { viewport: size, hasTouch: true, isMobile: true } });
    await conversation(world, page, unique('From a phone'));
    await settle(page);
    assert.deepEqual(await page.locator('.panel').boundingBox(), { x: 0, y: 0, ...size });
    assert.equal(await page.locator('.launcher').isVisible(), false);
    for (const button of await page.locator('.panel button:visible').all()) {
      const { width = 0, height = 0 } = (await button.boundingBox()) ?? {};
      assert.ok(
        width >= 44 && height >= 44,
        `${await button.getAttribute('aria-label')}: ${width} × ${height}`,
      );
    }
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), size.width);
    assert.equal(await page.locator('.panel').evaluate((it) => it.matches(':modal')), true);
    await check(page, 'a phone');
    await page.getByRole('button', { name: 'Close chat' }).click();
    await page.locator('.launcher').waitFor();
  });

  /** A window of 1280 by 720 at 200 %. */
  test('sees all of it at 200 %', async (t) => {
    const size = { width: 640, height: 360 };
    const page = await world.visit(t, { browser: { viewport: size, deviceScaleFactor: 2 } });
    await conversation(world, page, unique('Large'));
    await settle(page);
    for (const part of ['header', '.log', 'textarea', '.send', '.close']) {
      const {
        x = -1,
        y = -1,
        width = 0,
        height = 0,
      } = (await page.locator(`.panel ${part}`).boundingBox()) ?? {};
      assert.ok(x >= 0 && y >= 0 && x + width <= size.width && y + height <= size.height && height > 0, part);
    }
    await check(page, '200 %');
  });

  test('who reads from right to left finds it that way', async (t) => {
    const page = await world.visit(t, { lang: 'ar', browser: { viewport: { width: 1200, height: 800 } } });
    const text = unique('مرحبا');
    const room = await conversation(world, page, text);
    await world.agent.posts(room.id, 'أهلاً وسهلاً');
    await shows(page, text, 'أهلاً وسهلاً');
    await settle(page);
    const left = async (selector: string) => (await page.locator(selector).first().boundingBox())?.x ?? -1;
    assert.equal(await left('.launcher'), 20);
    assert.equal(await left('.panel'), 20);
    assert.ok((await left('.send')) < (await left('textarea')));
    assert.ok((await left('.own .bubble')) < (await left('.message:not(.own) .bubble')));
    assert.ok((await left('.tool')) < (await left('.name')));
    assert.equal(await page.locator('.name h2').textContent(), 'تواصل معنا');
  });

  async function settle(page: Page): Promise<void> {
    await page
      .locator('.panel')
      .evaluate((it) => Promise.all(it.getAnimations().map(({ finished }) => finished)));
  }
});

test('German and Arabic say everything that English says', async (_: TestContext) => {
  const { english } = await import('../src/languages/en.ts');
  for (const name of ['de', 'ar']) {
    const { default: strings } = await import(`../src/languages/${name}.ts`);
    assert.deepEqual(Object.keys(strings), Object.keys(english));
    assert.ok(Object.values(strings).every(Boolean));
  }
});
