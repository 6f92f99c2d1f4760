import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { hostile } from './support/strings.ts';
import { conversation, messages, open, shows, texts, unique, write } from './support/widget.ts';
import { browsing, eventually, World } from './support/world.ts';

suite('hostile texts', browsing, () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  /** Fault F20. What would run, or break the page's policy, fails the visit. */
  test('are shown as text, whoever wrote them', async (t) => {
    const page = await world.visit(t, { browser: { viewport: { width: 1200, height: 900 } } });
    const room = await conversation(world, page, 'Hello');
    for (const text of hostile) await world.agent.posts(room.id, text);
    await shows(page, 'Hello', ...hostile);
    for (const text of hostile.slice(0, 10)) await write(page, text);
    await shows(page, 'Hello', ...hostile, ...hostile.slice(0, 10));
    const tags = await page
      .locator('.bubble *')
      .evaluateAll((all) => [...new Set(all.map((it) => it.tagName.toLowerCase()))].sort());
    assert.deepEqual(tags, ['a', 'time']);
    const links = await page.locator('.bubble a').evaluateAll((all) =>
      (all as HTMLAnchorElement[]).map((it) => ({
        names: it.getAttributeNames().sort(),
        protocol: it.protocol,
        isItsText: it.textContent === it.getAttribute('href'),
      })),
    );
    assert.ok(links.length >= 4);
    for (const link of links) {
      assert.deepEqual(link.names, ['href', 'rel', 'target']);
      assert.ok(['http:', 'https:', 'mailto:'].includes(link.protocol), link.protocol);
      assert.ok(link.isItsText);
    }
  });

  /** Fault F20. */
  test('are text in names, titles, words and introductions too', async (t) => {
    for (const text of hostile.filter((_, at) => at % 9 === 0)) {
      const strings = JSON.stringify({ hello: text, placeholder: text, send: text });
      const page = await world.visit(t, { attributes: { title: text, intro: text, strings, theme: text } });
      await open(page);
      await page.getByRole('heading', { name: text, exact: true }).first().waitFor();
      assert.equal(await page.locator('.name h2').textContent(), text);
      assert.equal(await page.locator('.welcome p').textContent(), text);
      await page.close();
    }
  });

  test('with addresses become links, which lend nothing to where they lead', async (t) => {
    const page = await world.visit(t);
    const room = await conversation(world, page, unique('Links'));
    await world.agent.posts(
      room.id,
      'See https://help.example/a_(b)?x=1&y=2#z, (http://one.example/path). Or mailto:us@mail.example! ftp://no.example',
    );
    await eventually(async () => assert.equal((await messages(page)).length, 2));
    const links = await page
      .locator('.bubble a')
      .evaluateAll((all) =>
        all.map((it) => [it.getAttribute('href'), it.getAttribute('rel'), it.getAttribute('target')]),
      );
    const attributes = ['noopener nofollow ugc', '_blank'];
    assert.deepEqual(links, [
      ['https://help.example/a_(b)?x=1&y=2#z', ...attributes],
      ['http://one.example/path', ...attributes],
      ['mailto:us@mail.example', ...attributes],
    ]);
    assert.equal((await texts(page))[1]?.length, 112);
  });

  test('are quickly shown even where they are as long as they can be', async (t) => {
    const page = await world.visit(t);
    const room = await conversation(world, page, unique('Long'));
    const long = [
      'a'.repeat(10_000),
      'https://'.repeat(1_250),
      '😀'.repeat(5_000),
      `https://x.example/${'?.,:'.repeat(2_400)}`,
    ];
    for (const text of long) await world.agent.posts(room.id, text);
    await eventually(async () => assert.deepEqual((await texts(page)).slice(1), long));
    const overflows = await page.locator('.log').evaluate((it) => it.scrollWidth > it.clientWidth);
    assert.equal(overflows, false);
  });
});
