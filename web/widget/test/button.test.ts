import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { badge, connected, conversation, isOpen, open, stored, texts } from './support/widget.ts';
import { browsing, eventually, World } from './support/world.ts';

const DIST = new URL('../dist/', import.meta.url);

/** With everything that German needs, it stays small. */
test('is small', () => {
  const sizes = new Map(
    readdirSync(DIST).map((name) => [name, gzipSync(readFileSync(new URL(name, DIST)), { level: 9 }).length]),
  );
  const of = (start: string) => [...sizes].find(([name]) => name.startsWith(start))?.[1] as number;
  const all = of('widget') + of('panel') + of('de');
  console.log(`loader ${of('widget')}, panel ${of('panel')}, German ${of('de')}; together ${all} bytes`);
  assert.ok(of('widget') <= 3_000);
  assert.ok(all <= 30_000);
});

suite('the button', browsing, () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  /** Mission B24. */
  test('floats at the bottom right; a bubble while closed, an X while open', async (t) => {
    const page = await world.visit(t, { browser: { viewport: { width: 1200, height: 800 } } });
    const button = page.locator('.launcher');
    const box = await button.boundingBox();
    assert.deepEqual(box, { x: 1200 - 20 - 56, y: 800 - 20 - 56, width: 56, height: 56 });
    const icons = () =>
      button.locator('svg').evaluateAll((all) => all.map((it) => Number(getComputedStyle(it).opacity)));
    assert.deepEqual(await icons(), [1, 0]);
    assert.equal(await button.getAttribute('aria-label'), 'Open chat');
    await button.click();
    await eventually(async () => assert.deepEqual(await icons(), [0, 1]));
    assert.equal(await button.getAttribute('aria-label'), 'Close chat');
    assert.equal(await button.getAttribute('aria-expanded'), 'true');
    await button.click();
    await eventually(async () => assert.deepEqual(await icons(), [1, 0]));
    assert.equal(await isOpen(page), false);
  });

  /** Mission B25. */
  test('counts what is unread up to nine, and then says 9+', async (t) => {
    const page = await world.visit(t);
    const room = await conversation(world, page);
    await page.locator('.launcher').click();
    assert.equal(await badge(page), 'hidden');
    const counts = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '9+', '9+'];
    for (const [at, expected] of counts.entries()) {
      await world.agent.posts(room.id, `Answer ${at + 1}`);
      await eventually(async () => assert.equal(await badge(page), expected));
    }
    assert.equal(await page.locator('.launcher').getAttribute('aria-label'), 'Open chat, unread: 11');
    await open(page);
    await eventually(async () =>
      assert.equal(await page.locator('.launcher').getAttribute('aria-label'), 'Close chat'),
    );
    await page.locator('.launcher').click();
    assert.equal(await badge(page), 'hidden');
  });

  test('stores nothing, asks nobody and connects to nothing before it is opened', async (t) => {
    world.proxy.calls = [];
    const opened = world.proxy.sockets.opened;
    const requests: string[] = [];
    const context = await world.browser.newContext();
    t.after(() => context.close());
    context.on('request', (request) => requests.push(new URL(request.url()).pathname));
    const page = await world.visit(t, { context, attributes: { tokenUrl: '/token' } });
    await page.waitForLoadState('networkidle');
    assert.deepEqual(requests.sort(), [new URL(page.url()).pathname, '/widget.js']);
    assert.deepEqual(world.proxy.calls, []);
    assert.equal(world.proxy.sockets.opened, opened);
    assert.deepEqual(await stored(page), {});
    assert.deepEqual(await context.cookies(), []);
    assert.deepEqual(await page.evaluate(() => indexedDB.databases()), []);
  });

  test('without data-api, looks for Parlour where its script came from', async (t) => {
    const page = await world.visit(t, { isBesideApi: true });
    assert.equal(await page.locator('script').getAttribute('data-api'), null);
    assert.notEqual(new URL(page.url()).origin, world.proxy.url, 'the page is somewhere else');
    const room = await conversation(world, page);
    await world.agent.posts(room.id, 'Found you');
    await eventually(async () => assert.equal((await texts(page)).at(-1), 'Found you'));
    const keys = Object.keys(await stored(page));
    assert.deepEqual(keys, [`parlour-widget:${world.proxy.url}`]);
  });

  test('puts nothing on the page but its element and ParlourWidget', async (t) => {
    const page = await world.visit(t);
    await conversation(world, page);
    const added = await page.evaluate(() => {
      const frame = document.createElement('iframe');
      document.body.append(frame);
      const usual = new Set(Object.getOwnPropertyNames(frame.contentWindow));
      frame.remove();
      return Object.getOwnPropertyNames(window).filter((name) => !usual.has(name));
    });
    // Playwright's own, and what pages of the web alone have.
    const own = added.filter((name) => !/playwright|^\d+$|^__|^event$|^offscreen/i.test(name));
    assert.deepEqual(own, ['ParlourWidget']);
    assert.deepEqual(await page.evaluate(() => [...document.body.children].map(({ tagName }) => tagName)), [
      'MAIN',
      'SCRIPT',
      'PARLOUR-WIDGET',
    ]);
    assert.equal(await page.evaluate(() => document.cookie), '');
  });

  test('loads at once where the visitor has an open chat, and shows what was missed', async (t) => {
    const page = await world.visit(t);
    const room = await conversation(world, page);
    await page.goto('about:blank');
    await world.agent.posts(room.id, 'While you were away');
    await page.goBack();
    await eventually(async () => assert.equal(await badge(page), '1'));
    assert.equal(await isOpen(page), false);
    await open(page);
    await connected(page);
    assert.equal((await texts(page)).at(-1), 'While you were away');
  });

  test('says that the panel could not be loaded, and loads it at the next click', async (t) => {
    const context = await world.browser.newContext();
    t.after(() => context.close());
    await context.route(/panel-/, (route) => route.abort());
    const page = await world.visit(t, { context });
    await page.locator('.launcher').click();
    await page.getByText('The chat could not be loaded. Please try again.').waitFor();
    await context.unroute(/panel-/);
    await open(page);
    await connected(page);
    assert.equal(await page.getByText('could not be loaded').count(), 0);
  });

  test('is opened, closed, heard and taken away by the page', async (t) => {
    const page = await world.visit(t);
    await page.evaluate(() => {
      const heard: string[] = [];
      Object.assign(document, { heard });
      for (const name of ['open', 'close', 'unread', 'message'])
        window.ParlourWidget?.addEventListener(name, (event) =>
          heard.push(name + JSON.stringify((event as CustomEvent).detail ?? '')),
        );
    });
    const heard = () => page.evaluate(() => (document as unknown as { heard: string[] }).heard);
    const room = await conversation(world, page);
    await page.evaluate(() => window.ParlourWidget?.close());
    await page.locator('.panel:not([open])').waitFor({ state: 'attached' });
    await world.agent.posts(room.id, 'Hi');
    await eventually(async () =>
      assert.deepEqual(await heard(), [
        'open""',
        'close""',
        'message{"seq":2,"body":"Hi","sender_type":"admin"}',
        'unread1',
      ]),
    );
    await page.evaluate(() => window.ParlourWidget?.open());
    await page.locator('.panel[open]').waitFor();
    await page.evaluate(() => window.ParlourWidget?.destroy());
    assert.equal(await page.locator('parlour-widget').count(), 0);
    assert.equal(await page.evaluate(() => 'ParlourWidget' in window), false);
    await eventually(() => assert.equal(world.proxy.sockets.open, 0));
  });
});
