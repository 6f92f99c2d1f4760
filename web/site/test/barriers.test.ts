/** Pages for everybody: each state, in both themes, by axe-core. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, suite, test } from 'node:test';
import type { Page } from 'playwright-core';
import { skip } from './support/browser.ts';
import { type Scene, scene } from './support/scene.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

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

  for (const colorScheme of ['light', 'dark'] as const) {
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
  }
});
