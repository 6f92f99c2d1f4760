/** Pages for everybody: each state, in both themes, by axe-core. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, suite, test } from 'node:test';
import type { Page } from 'playwright-core';
import { complaintsOf, newPage, skip } from './support/browser.ts';
import { type Scene, scene } from './support/scene.ts';
import { serve } from './support/site.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const THEMES = ['light', 'dark'] as const;

suite('barriers', { skip }, () => {
  let it: Scene;
  before(async () => {
    it = await scene({ canned: ['A saved reply'] });
  });
  after(() => it?.stop());

  async function isAccessible(page: Page, what: string): Promise<void> {
    // In a world of its own, where the page's policy does not hold for it.
    const session = await page.context().newCDPSession(page);
    const { frameTree } = await session.send('Page.getFrameTree');
    const world = await session.send('Page.createIsolatedWorld', {
      frameId: frameTree.frame.id,
      worldName: 'axe',
    });
    const contextId = world.executionContextId;
    await session.send('Runtime.evaluate', { contextId, expression: axe });
    const run =
      "axe.run(document, {resultTypes: ['violations']}).then(({violations}) => JSON.stringify(violations))";
    const { result } = await session.send('Runtime.evaluate', {
      contextId,
      expression: run,
      awaitPromise: true,
    });
    await session.detach();
    const violations = JSON.parse(result.value) as {
      id: string;
      nodes: { target: unknown; failureSummary: string }[];
    }[];
    const found = violations.map(({ id, nodes }) => [
      id,
      nodes.map(({ target, failureSummary }) => [target, failureSummary]),
    ]);
    assert.equal(JSON.stringify(found, null, 1), '[]', what);
  }

  for (const colorScheme of THEMES) {
    test(`the chat has no barriers (${colorScheme})`, async () => {
      const sub = `ax-${colorScheme}`;
      const bob = await it.caller({ sub: `bob-${colorScheme}`, name: 'Bob Barrier' });
      const room = await bob.opens({ kind: 'direct', with: sub });
      const first = await bob.posts(room.id, 'hello https://example.com');
      await bob.posts(room.id, 'again');
      const me = await it.caller({ sub, name: 'Axel' });
      await me.call(
        'PUT',
        `/v1/rooms/${room.id}/messages/${first.seq}/reactions/${encodeURIComponent('👍')}`,
      );
      const gone = await me.posts(room.id, 'gone');
      await me.call('DELETE', `/v1/rooms/${room.id}/messages/${gone.seq}`);
      await me.call('POST', `/v1/rooms/${room.id}/messages`, { body: 'a reply', reply_to: 1 });
      await bob.posts(room.id, 'unread');
      const page = await it.open('/inbox', sub, { colorScheme });
      await page.locator('chat-list a').waitFor();
      await isAccessible(page, 'the list');
      await page.locator('chat-list a').click();
      await page.locator('.message', { hasText: 'unread' }).hover();
      await page.locator('.toolbar').waitFor();
      await isAccessible(page, 'a room');
      await page.getByRole('button', { name: 'More' }).click();
      await page.locator('ui-menu button').first().waitFor();
      await isAccessible(page, 'its menu');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Emoji' }).click();
      await page.locator('ui-emoji button').first().waitFor();
      await isAccessible(page, 'emoji');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Create chat' }).click();
      await page.getByRole('searchbox').fill('bob');
      await page.locator('ui-person-search li button').first().click();
      await isAccessible(page, 'a new chat');
      await page.keyboard.press('Escape');
      await page.locator('.message', { hasText: 'unread' }).hover();
      await page.locator('[data-act=report]').click();
      await isAccessible(page, 'a report');
      const welcome = await it.open('/inbox', `nobody-${colorScheme}`, { colorScheme });
      await welcome.locator('.welcome').waitFor();
      await isAccessible(welcome, 'the welcome');
      const missing = await it.open('/inbox/00000000-0000-8000-8000-000000000000', `nobody-${colorScheme}`, {
        colorScheme,
      });
      await missing.getByText('This chat is not here').waitFor();
      await isAccessible(missing, 'a room that is not there');
      const chooser = await it.open('/inbox', '', { colorScheme });
      await chooser.locator('ui-chooser li').first().waitFor();
      await isAccessible(chooser, 'the choice of a person');
    });

    test(`the dashboard has no barriers (${colorScheme})`, async () => {
      const user = await it.caller({ sub: `s-${colorScheme}`, name: 'Sam', email: 'sam@mail.example' });
      const room = await user.opens({ kind: 'support' });
      await user.posts(room.id, 'help');
      const page = await it.open('/desk', 'agnes', { colorScheme });
      await page.locator('desk-list a').first().waitFor();
      await isAccessible(page, 'the queue');
      await page.goto(`${it.site}/desk/${room.id}`);
      await page.locator('.message').waitFor();
      await isAccessible(page, 'a chat');
      await page.getByRole('button', { name: 'Insert a saved reply' }).click();
      await page.locator('desk-canned-menu li').first().waitFor();
      await isAccessible(page, 'saved replies');
      await page.getByRole('button', { name: 'Manage saved replies' }).click();
      await page.locator('desk-canned li').first().waitFor();
      await isAccessible(page, 'managing them');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Keys' }).click();
      await isAccessible(page, 'the keys');
      await page.keyboard.press('Escape');
      await page.getByRole('tab', { name: 'Archived' }).click();
      await page.getByText('Nothing archived').waitFor();
      await isAccessible(page, 'an empty queue');
      await page.getByRole('button', { name: 'Reports' }).click();
      await page.getByRole('heading', { name: 'No reports' }).waitFor();
      await isAccessible(page, 'reports');
    });

    test(`who is in a group is told without barriers (${colorScheme})`, async () => {
      const owner = await it.caller({ sub: `owner-${colorScheme}`, name: 'Olga Owner' });
      const members = Array.from({ length: 30 }, (_, n) => `member-${colorScheme}-${n}`);
      for (const [n, sub] of members.entries())
        await (await it.caller({ sub, name: `Member ${n} ${'of a long name '.repeat(n % 4)}` })).call(
          'GET',
          '/v1/me',
        );
      const room = await owner.opens({ kind: 'group', members, title: 'Thirty-one' });
      for (const sub of [owner.id, members[0] ?? '']) {
        const page = await it.open(`/inbox/${room.id}`, sub, { colorScheme });
        await page.getByRole('button', { name: 'More' }).click();
        await page.getByRole('menuitem', { name: 'Members' }).click();
        const dialog = page.getByRole('dialog', { name: '31 members' });
        await dialog.getByRole('listitem').nth(4).waitFor();
        await isAccessible(page, `members, as ${sub}`);
        await dialog.getByRole('button', { name: 'Add people' }).click();
        await page.getByRole('dialog', { name: 'Add people' }).getByRole('searchbox').fill('Member');
        await page
          .getByText('Nobody of that name.')
          .or(page.locator('ui-person-search li button'))
          .first()
          .waitFor();
        await isAccessible(page, 'adding some');
      }
    });

    test(`what came before a chat is put away is told without barriers (${colorScheme})`, async () => {
      const user = await it.caller({ sub: `long-${colorScheme}`, name: 'Lotte Long' });
      const room = await user.opens({ kind: 'support' });
      await user.posts(room.id, 'seen');
      const page = await it.open(`/desk/${room.id}`, 'agnes', { colorScheme });
      await page.locator('.message', { hasText: 'seen' }).waitFor();
      await page.route(
        '**/archive',
        async (route) => {
          for (let n = 1; n <= 12; n++) await user.posts(room.id, `${n} ${'and so on '.repeat(40)}`);
          await route.continue();
        },
        { times: 1 },
      );
      await page.getByRole('button', { name: 'Archive', exact: true }).click();
      const dialog = page.getByRole('dialog', { name: 'More has come' });
      await dialog.getByRole('listitem').filter({ hasText: '12 and so on' }).waitFor();
      await dialog.getByText('The last 10 of them are:').waitFor();
      await isAccessible(page, 'more has come');
    });

    test(`a page that cannot begin says so without barriers (${colorScheme})`, async (t) => {
      const site = await serve(it.url, null);
      t.after(() => site.stop());
      for (const path of ['/inbox', '/desk']) {
        const page = await newPage(it.browser, { colorScheme });
        await page.goto(site.url + path);
        await page.getByRole('alert').getByRole('button', { name: 'Try again' }).waitFor();
        await isAccessible(page, `${path} without its configuration`);
        assert.deepEqual(complaintsOf(page), []);
        await page.context().close();
      }
    });
  }

  // Later than those that find no reports.
  for (const colorScheme of THEMES) {
    test(`reports have no barriers (${colorScheme})`, async () => {
      const [rude, hurt] = [
        await it.caller({ sub: `rude-${colorScheme}`, name: 'Rudi' }),
        await it.caller({ sub: `hurt-${colorScheme}`, name: 'Hanna' }),
      ];
      const room = await rude.opens({ kind: 'direct', with: hurt.id });
      for (const body of ['rude words', `${'endless'.repeat(60)} https://example.com`, 'rude again']) {
        const { seq } = await rude.posts(room.id, body);
        await hurt.call('POST', `/v1/rooms/${room.id}/messages/${seq}/report`, {
          reason: 'it is rude\nreally',
        });
      }
      const page = await it.open('/desk/reports', 'agnes', { colorScheme });
      const report = page
        .locator('desk-reports article', { hasText: 'rude words' })
        .filter({ hasText: hurt.id });
      await report.waitFor();
      await isAccessible(page, 'reports that are open');
      await report.getByRole('button', { name: 'Resolve' }).click();
      await page.getByRole('dialog').getByRole('textbox').fill('warned');
      await isAccessible(page, 'resolving one');
      await page.getByRole('dialog').getByRole('button', { name: 'Resolve' }).click();
      await report.waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Resolved' }).click();
      await report.waitFor();
      await isAccessible(page, 'reports that are resolved');
    });
  }
});
