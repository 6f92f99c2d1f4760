/** The plain pages, as the program serves them itself: where to begin, a shop with the widget, what happens inside. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { type Program, start } from '../../client/test/support/program.ts';
import { complaintsOf, launch, newPage, skip } from './support/browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const BUILT = fileURLToPath(new URL('../../dist', import.meta.url));

describe('the plain pages', { skip }, () => {
  let browser: Browser;
  let program: Program;

  before(async () => {
    program = await start('--pages', BUILT);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await program?.stop();
  });

  const open = async (path: string): Promise<Page> => {
    const page = await newPage(browser);
    await page.goto(program.url + path);
    return page;
  };

  const isAccessible = async (page: Page): Promise<void> => {
    // The page's own policy lets no script in but its own; the browser's tools may do as they like.
    await page.evaluate(AXE);
    const found = await page.evaluate(async () => {
      const axe = (globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string }[] }> } })
        .axe;
      return (await axe.run()).violations.map((violation) => violation.id);
    });
    assert.deepEqual(found, []);
    assert.deepEqual(complaintsOf(page), []);
  };

  test('the demo makes people who have talked, once however often', async () => {
    const page = await open('/');
    for (let time = 0; time < 2; time += 1) {
      await page.click('#demo');
      await page.waitForFunction(() =>
        document.querySelector('#demo-state')?.textContent?.startsWith('They are'),
      );
      await page.waitForSelector('#demo:enabled');
    }
    await isAccessible(page);
    // What is to be copied leads to the program that shows it.
    await page.getByText(`curl -s ${program.url}/dev/tokens`).waitFor();

    const alice = await open('/inbox?as=alice');
    await alice.getByText('Bob Okafor').first().waitFor();
    await alice.getByText('Weekend on the lake').first().waitFor();
    await alice.getByText('Four it is.').first().waitFor();
    assert.equal(await alice.getByText('Weekend on the lake').count(), 1);
    const agnes = await open('/desk?as=agnes');
    await agnes.getByText('3 messages').first().waitFor();
  });

  /** Mission B24. A visitor of the shop asks, and an agent answers. */
  test('the shop has the widget, whose visitor is answered from the dashboard', async () => {
    const shop = await open('/shop');
    await isAccessible(shop);
    await shop.evaluate(() => window.ParlourWidget?.open());
    const words = shop.getByRole('textbox').last();
    await words.fill('Is the sage pot in stock?');
    await words.press('Enter');

    const agnes = await open('/desk?as=agnes');
    const row = agnes.getByText('Is the sage pot in stock?').first();
    await row.click();
    const answer = agnes.getByRole('textbox', { name: /message|reply|write/i }).last();
    await answer.fill('Yes, three of them.');
    await answer.press('Enter');

    await shop.getByText('Yes, three of them.').waitFor();
  });

  /** Invariant I12. */
  test('what happens is shown as it happens, with what it costs', async () => {
    const live = await open('/live');
    await live.getByText('Watching.').waitFor();
    const page = await open('/');
    await page.click('#demo');
    await page.waitForFunction(() =>
      document.querySelector('#demo-state')?.textContent?.startsWith('They are'),
    );

    await live
      .getByText(/POST \/v1\/rooms\/[0-9a-f-]+\/messages/)
      .first()
      .waitFor();
    await live
      .getByText(/→ new_message on private-room-/)
      .first()
      .waitFor();
    assert.ok(Number(await live.locator('#calls').textContent()) > 0);
    assert.ok(Number(await live.locator('#rru').textContent()) > 0);
    await isAccessible(live);
  });
});

declare global {
  interface Window {
    ParlourWidget?: { open(): void };
  }
}
