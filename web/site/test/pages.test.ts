/** How the pages begin: whose they are, in which language, on which day; and what they say when they cannot. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { BrowserContextOptions } from 'playwright-core';
import { complaintsOf, newPage, skip } from './support/browser.ts';
import { type Scene, scene, setClock } from './support/scene.ts';
import { serve } from './support/site.ts';

suite('the pages', { skip }, () => {
  let it: Scene;
  before(async () => {
    it = await scene();
  });
  after(() => it?.stop());

  /** Mission D4: by the viewer's calendar, not by the server's. */
  for (const [timezoneId, labels] of [
    ['Europe/Berlin', ['Jun 10', 'Yesterday', 'Today']],
    ['Pacific/Honolulu', ['Yesterday', 'Today']],
  ] as const) {
    test(`messages are grouped by the day in ${timezoneId}`, async () => {
      const writer = await it.caller({ sub: `w-${timezoneId}`, name: 'Writer' });
      const room = await writer.opens({ kind: 'direct', with: 'days' });
      for (const now of ['2030-06-10T12:00:00Z', '2030-06-11T21:00:00Z', '2030-06-11T22:30:00Z']) {
        await setClock(it.url, now);
        await writer.posts(room.id, now);
      }
      await setClock(it.url, null);
      const page = await newPage(it.browser, { timezoneId });
      await page.clock.setFixedTime(new Date('2030-06-12T09:30:00Z'));
      await page.goto(`${it.site}/inbox/${room.id}?as=days`);
      await page.locator('.day').first().waitFor();
      const found = await page.locator('.day').allInnerTexts();
      await page.context().close();
      // In Honolulu it is half past eleven in the evening of the 11th.
      assert.deepEqual(found, labels);
    });
  }

  /** Mission D6, in the page. */
  test('messages of one minute are one group, as the server dates them', async () => {
    const writer = await it.caller({ sub: 'minute', name: 'Writer' });
    const room = await writer.opens({ kind: 'direct', with: 'reader' });
    for (const [now, body] of [
      ['2030-06-10T12:00:00Z', 'first'],
      ['2030-06-10T12:00:58Z', '58 seconds later'],
      ['2030-06-10T12:02:00Z', '62 seconds after that'],
    ] as const) {
      await setClock(it.url, now);
      await writer.posts(room.id, body);
    }
    await setClock(it.url, null);
    const page = await it.open(`/inbox/${room.id}`, 'reader');
    await page.locator('.message').nth(2).waitFor();
    const grouped = await page
      .locator('.message')
      .evaluateAll((all) => all.map((row) => row.classList.contains('grouped')));
    assert.deepEqual(grouped, [false, true, false]);
  });

  test('each tab is somebody else, and stays so', async () => {
    const page = await it.open('/inbox', '');
    await page.getByRole('button', { name: /Carol Lindqvist/ }).click();
    await page.locator('footer', { hasText: 'Carol Lindqvist' }).waitFor();
    await page.reload();
    await page.locator('footer', { hasText: 'Carol Lindqvist' }).waitFor();
    const other = await page.context().newPage();
    await other.goto(`${it.site}/inbox`);
    await other.getByRole('button', { name: 'Somebody else…' }).click();
    await other.getByRole('textbox', { name: 'Name' }).fill('zora neale');
    await other.keyboard.press('Enter');
    await other.locator('footer', { hasText: 'Zora neale' }).waitFor();
  });

  /** A page of a site with another configuration. */
  async function configured(config: object | null, path: string, options: BrowserContextOptions = {}) {
    const site = await serve(it.url, config);
    const page = await newPage(it.browser, options);
    await page.goto(site.url + path);
    return {
      page,
      site,
      stop: async () => {
        await page.context().close();
        await site.stop();
      },
    };
  }

  test('the token is asked of the app, with its cookies', async () => {
    const mine = await it.caller({ sub: 'cookie', name: 'Signed In' });
    const { page, site, stop } = await configured(
      { api: it.url, token_url: '/session/chat-token', title: 'Shop chat' },
      '/config.json',
    );
    await page.context().addCookies([{ name: 'session', value: 'abc', url: site.url }]);
    let cookie: string | undefined;
    await page.route('**/session/chat-token', async (route) => {
      cookie = (await route.request().allHeaders()).cookie;
      await route.fulfill({ json: { token: mine.token } });
    });
    await page.goto(`${site.url}/inbox`);
    await page.locator('footer', { hasText: 'Signed In' }).waitFor();
    await page.getByRole('heading', { name: 'Shop chat' }).waitFor();
    assert.equal(cookie, 'session=abc');
    await stop();
  });

  test('who is not signed in is told so, and can try again', async () => {
    const { page, stop } = await configured({ api: it.url, token_url: '/session/chat-token' }, '/inbox');
    await page.getByRole('heading', { name: 'You are not signed in.' }).waitFor();
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    await stop();
  });

  test('without a configuration the page says what is wrong', async () => {
    const { page, stop } = await configured(null, '/desk');
    await page.getByRole('heading', { name: 'This page could not be set up.' }).waitFor();
    await page.getByText('/config.json: status 404').waitFor();
    await stop();
  });

  test('the page speaks the browser’s language, from right to left where that is so', async () => {
    const { page, stop } = await configured({ api: it.url, demo: true }, '/desk?as=agnes', { locale: 'ar' });
    await page.getByRole('heading', { name: 'محادثات الدعم' }).waitFor();
    assert.deepEqual(
      await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]),
      ['ar', 'rtl'],
    );
    assert.deepEqual(complaintsOf(page), []);
    await stop();
    const german = await configured({ api: it.url, demo: true, language: 'de' }, '/inbox?as=fritz');
    await german.page.getByRole('heading', { name: 'Willkommen' }).waitFor();
    await german.stop();
    const fetched: string[] = [];
    const english = await configured({ api: it.url, demo: true }, '/config.json', { locale: 'en-GB' });
    english.page.on('request', (request) => fetched.push(request.url()));
    await english.page.goto(`${english.site.url}/inbox?as=fay`);
    await english.page.getByRole('heading', { name: 'Welcome' }).waitFor();
    assert.deepEqual(
      fetched.filter((url) => /\/(de|ar)-/.test(url)),
      [],
      'other languages are not loaded',
    );
    await english.stop();
  });
});
