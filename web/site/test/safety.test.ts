/** Foreign text as text, pages for everybody, and nothing left behind. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, suite, test } from 'node:test';
import type { Page } from 'playwright-core';
import { complaintsOf, skip } from './support/browser.ts';
import { type Scene, scene } from './support/scene.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** How many listeners, timers and observers there are. */
type Held = Record<string, number>;

/** Each sets `globalThis.hit` if anything runs it. */
const CORPUS = [
  '<script>globalThis.hit=1</script>',
  '<img src=x onerror="globalThis.hit=1">',
  '"><svg onload=globalThis.hit=1>',
  '<iframe srcdoc="<script>parent.hit=1</script>">',
  'javascript:globalThis.hit=1',
  '[a](javascript:globalThis.hit=1) https://x.example/"onmouseover="globalThis.hit=1',
  '${globalThis.hit=1} {{constructor.constructor("globalThis.hit=1")()}} <!--?lit$1$-->',
  '<style>*{display:none}</style><link rel=stylesheet href=//x.example>',
  "'--><base href=//x.example><form action=javascript:globalThis.hit=1><button>",
  '&lt;script&gt;globalThis.hit=1&lt;/script&gt;',
  '\u202Egnp.exe\u202C <a href="data:text/html,<script>globalThis.hit=1</script>">',
];

suite('safety', { skip }, () => {
  let it: Scene;
  before(async () => {
    it = await scene({ canned: CORPUS });
  });
  after(() => it?.stop());

  async function isHarmless(page: Page): Promise<void> {
    assert.equal(await page.evaluate(() => (globalThis as { hit?: number }).hit), undefined, 'something ran');
    const links = await page
      .locator('a')
      .evaluateAll((all) => all.map((it) => (it as HTMLAnchorElement).protocol));
    assert.deepEqual(
      links.filter((protocol) => !/^https?:$/.test(protocol)),
      [],
    );
    assert.deepEqual(complaintsOf(page), []);
  }

  /** Mission F20: in bodies, names, titles, previews, replies, pictures and reports. */
  test('what people write is text, wherever it is shown', async () => {
    const alice = await it.caller({ sub: 'fa', name: 'Reader' });
    await alice.call('GET', '/v1/me');
    const writers = await Promise.all(
      CORPUS.map((name, n) =>
        it.caller({
          sub: `x${n}`,
          name,
          email: `${n}<b>@x.example`,
          picture: `javascript:globalThis.hit=${n}`,
        }),
      ),
    );
    let last = '';
    for (const [n, writer] of writers.entries()) {
      const room = await writer.opens({ kind: 'group', members: ['fa'], title: CORPUS[n] });
      last = room.id;
      for (const body of CORPUS) await writer.posts(room.id, body);
      await writer.call('POST', `/v1/rooms/${room.id}/messages`, { body: CORPUS[n], reply_to: 1 });
      await writer.call('POST', `/v1/rooms/${room.id}/messages`, { body: CORPUS[n], type: 'sticker' });
      await alice.call('POST', `/v1/rooms/${room.id}/messages/1/report`, { reason: CORPUS[n] });
      const support = await writer.opens({ kind: 'support' });
      await writer.posts(support.id, CORPUS[n] ?? '');
    }
    const chat = await it.open(`/inbox/${last}`, 'fa');
    await chat.locator('.sticker').waitFor();
    for (const body of CORPUS) assert.ok((await chat.locator('.text', { hasText: body }).count()) >= 1, body);
    assert.equal(await chat.locator('chat-list a').count(), CORPUS.length);
    await isHarmless(chat);
    const desk = await it.open('/desk', 'agnes');
    await desk
      .locator('desk-list a')
      .nth(CORPUS.length - 1)
      .waitFor({ state: 'attached' });
    await desk.locator('desk-list a').first().click();
    await desk.locator('.message').waitFor();
    await desk.getByRole('button', { name: 'Insert a saved reply' }).click();
    await desk.locator('desk-canned-menu li').first().waitFor();
    await isHarmless(desk);
    await desk.keyboard.press('Escape');
    await desk.getByRole('button', { name: 'Reports' }).click();
    await desk
      .locator('desk-reports article')
      .nth(CORPUS.length - 1)
      .waitFor();
    await isHarmless(desk);
  });

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
      await page.locator('desk-reports h2').waitFor();
      await isAccessible(page, 'reports');
    });
  }

  test('a hundred mounts of each element leave no listener, timer or observer behind', async () => {
    const user = await it.caller({ sub: 'leak', name: 'Leak' });
    const room = await user.opens({ kind: 'support' });
    await user.posts(room.id, 'stay');
    for (const [path, as] of [
      [`/inbox/${room.id}`, 'leak'],
      [`/desk/${room.id}`, 'agnes'],
    ] as const) {
      const page = await it.open('/config.json', as);
      await page.addInitScript(count);
      await page.goto(`${it.site}${path}?as=${as}`);
      await page.locator('.message').waitFor();
      await page.waitForLoadState('networkidle');
      for (const [tag, before, after] of await page.evaluate(remount)) {
        for (const [what, n] of Object.entries(after))
          assert.ok(n <= (before[what] ?? 0), `${tag}: ${n} ${what}, ${before[what]} before`);
      }
    }
  });
});

/** Runs on the page before all else: counts what is added to window and document, and never taken away. */
function count(): void {
  const held = { listeners: 0, intervals: 0, observed: 0 };
  Object.assign(globalThis, { held });
  for (const target of [window, document]) {
    const known = new Set<string>();
    const ids = new WeakMap<object, number>();
    let next = 0;
    const keyOf = (name: string, listener: object) => {
      if (!ids.has(listener)) ids.set(listener, next++);
      return `${name} ${ids.get(listener)}`;
    };
    const { addEventListener, removeEventListener } = target;
    target.addEventListener = (name: string, listener: never, options: never) => {
      if (listener) known.add(keyOf(name, listener));
      held.listeners = [window, document].reduce(
        (sum, it) => sum + ((it as { known?: Set<string> }).known?.size ?? 0),
        0,
      );
      addEventListener.call(target, name, listener, options);
    };
    target.removeEventListener = (name: string, listener: never, options: never) => {
      if (listener) known.delete(keyOf(name, listener));
      held.listeners = [window, document].reduce(
        (sum, it) => sum + ((it as { known?: Set<string> }).known?.size ?? 0),
        0,
      );
      removeEventListener.call(target, name, listener, options);
    };
    Object.assign(target, { known });
  }
  const { setInterval: start, clearInterval: stop } = window;
  const intervals = new Set<unknown>();
  window.setInterval = ((...args: Parameters<typeof start>) => {
    const id = start.apply(window, args);
    intervals.add(id);
    held.intervals = intervals.size;
    return id;
  }) as typeof start;
  window.clearInterval = (id) => {
    intervals.delete(id);
    held.intervals = intervals.size;
    stop.call(window, id);
  };
  const observed = new Set<object>();
  const { observe, disconnect } = ResizeObserver.prototype;
  ResizeObserver.prototype.observe = function (...args) {
    observed.add(this);
    held.observed = observed.size;
    observe.apply(this, args);
  };
  ResizeObserver.prototype.disconnect = function () {
    observed.delete(this);
    held.observed = observed.size;
    disconnect.call(this);
  };
}

/** Runs on the page: takes each element out and puts it back a hundred times; what was held before and after. */
async function remount(): Promise<[string, Held, Held][]> {
  const { held } = globalThis as unknown as { held: Held };
  const all = (root: ParentNode): Element[] =>
    [...root.querySelectorAll('*')].flatMap((it) => [it, ...(it.shadowRoot ? all(it.shadowRoot) : [])]);
  const tags = [...new Set(all(document).map(({ localName }) => localName))].filter((name) =>
    name.includes('-'),
  );
  const results: [string, Held, Held][] = [];
  // From the inside out: the page itself, put back, begins anew.
  for (const tag of tags.reverse()) {
    const element = all(document).find(({ localName }) => localName === tag);
    if (!element?.parentNode) continue;
    const mark = document.createComment('');
    const before = { ...held };
    element.before(mark);
    for (let n = 0; n < 100; n++) {
      element.remove();
      mark.after(element);
      if (n % 20 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    mark.remove();
    await new Promise((resolve) => setTimeout(resolve, 20));
    results.push([tag, before, { ...held }]);
  }
  return results;
}
