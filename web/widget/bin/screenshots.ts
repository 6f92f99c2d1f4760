/** Makes the pictures of the widget in docs/pictures, of the real program: `npm run screenshots`. */

import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { connected, messages, open, shows, write } from '../test/support/widget.ts';
import { eventually, type Visit, World } from '../test/support/world.ts';

const PICTURES = fileURLToPath(new URL('../../../docs/pictures/', import.meta.url));
/** Pictures differ only where the widget does. */
const NOW = '2026-03-04T10:24:00Z';
const LARGEST = 60_000;

const DESKTOP = { viewport: { width: 560, height: 760 } };
const PHONE = { viewport: { width: 360, height: 720 }, isMobile: true, hasTouch: true };

const ENGLISH = [
  'Hi! I ordered the green mug on Monday, and the parcel says “delivered”. It is not here.',
  'Good morning! I am sorry to hear that. Let me see what the courier says.',
  'It was left with a neighbour, at number 14: https://track.example/4711',
  'Found it, thank you! That was quick.',
  'Wonderful. Enjoy the mug ☕',
];
const ARABIC = [
  'مرحباً! طلبت الكوب الأخضر يوم الاثنين ولم يصل بعد.',
  'صباح الخير! يؤسفني ذلك. سأتحقق من شركة الشحن.',
  'تُرك الطرد عند الجار في رقم 14: https://track.example/4711',
  'وجدته، شكراً لكم!',
  'رائع. استمتع بالكوب ☕',
];

const world = await World.start();
await fetch(`${world.program.url}/dev/clock`, {
  method: 'PUT',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ now: NOW }),
});
await mkdir(PICTURES, { recursive: true });

async function page(browser: BrowserContextOptions, visit: Visit = {}): Promise<Page> {
  const context = await world.browser.newContext({
    deviceScaleFactor: 2,
    locale: 'en-GB',
    timezoneId: 'UTC',
    ...browser,
  });
  const made = await context.newPage();
  await made.clock.setFixedTime(NOW);
  const attributes = { title: 'Green Mugs', ...visit.attributes };
  await made.goto(await world.address({ ...visit, attributes }));
  await made.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(
      ':root{color-scheme:light dark;background:light-dark(#f6f7f9,#0e1014)}main{visibility:hidden}',
    );
    document.adoptedStyleSheets = [sheet];
  });
  return made;
}

async function picture(page: Page, name: string): Promise<void> {
  await page
    .locator('.panel')
    .evaluate((it) => Promise.all(it.getAnimations().map(({ finished }) => finished)));
  await page.locator('.launcher, .close').first().waitFor({ state: 'attached' });
  const png = await page.screenshot({ animations: 'disabled', caret: 'hide' });
  const webp = await smaller(png.toString('base64'));
  if (webp.length > LARGEST) throw new Error(`${name} has ${webp.length} bytes`);
  await writeFile(`${PICTURES}widget-${name}.webp`, webp);
  console.log(`${String(webp.length).padStart(6)} bytes  docs/pictures/widget-${name}.webp`);
  await page.context().close();
}

/** A PNG as WebP, by the browser. */
async function smaller(png: string): Promise<Buffer> {
  const blank = await world.browser.newPage();
  const url = await blank.evaluate(async (png) => {
    const picture = new Image();
    picture.src = `data:image/png;base64,${png}`;
    await picture.decode();
    const canvas = Object.assign(document.createElement('canvas'), {
      width: picture.width,
      height: picture.height,
    });
    canvas.getContext('2d')?.drawImage(picture, 0, 0);
    return canvas.toDataURL('image/webp', 0.7);
  }, png);
  await blank.close();
  return Buffer.from(url.split(',')[1] as string, 'base64');
}

/** The visitor writes the first and the fourth, the desk the others. */
async function talk(page: Page, texts: readonly string[]): Promise<string> {
  const [first = '', ...others] = texts;
  await open(page);
  await write(page, first);
  await shows(page, first);
  const { id: room } = await world.roomOf(first);
  for (const [at, text] of others.entries()) {
    if (at === 2) await write(page, text);
    else await world.agent.posts(room, text);
    await eventually(async () => {
      if ((await messages(page)).filter(({ status }) => status === 'sent').length !== at + 2)
        throw new Error(text);
    });
  }
  await world.agent.call('PUT', `/v1/rooms/${room}/read`, { seq: texts.length });
  await connected(page);
  return room;
}

async function all(): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    const dark = colorScheme === 'dark' ? '-dark' : '';
    const fresh = await page({ ...DESKTOP, colorScheme }, { attributes: { ask: 'name email' } });
    await open(fresh);
    await fresh.locator('.welcome').waitFor();
    await picture(fresh, `new${dark}`);

    const desktop = await page({ ...DESKTOP, colorScheme });
    await talk(desktop, ENGLISH);
    await picture(desktop, `conversation${dark}`);

    const phone = await page({ ...PHONE, colorScheme });
    await talk(phone, ENGLISH);
    await picture(phone, `phone${dark}`);
  }

  const arabic = await page(DESKTOP, { lang: 'ar', attributes: { title: 'أكواب خضراء' } });
  await talk(arabic, ARABIC);
  await picture(arabic, 'arabic');

  const offline = await page(DESKTOP);
  await talk(offline, ENGLISH.slice(0, 3));
  await offline.context().setOffline(true);
  await write(offline, 'Thank you! I will ask there.');
  await offline.locator('.sending .note:not(:empty)').waitFor();
  await picture(offline, 'offline');

  const failed = await page(DESKTOP);
  world.proxy.decide = () => 'refuse';
  await open(failed);
  await failed.locator('.failure').waitFor();
  await picture(failed, 'error');
  world.proxy.decide = () => new Promise(() => {});
  const loading = await page(DESKTOP);
  await open(loading);
  await loading.locator('.skeleton').waitFor();
  await picture(loading, 'loading');
  world.proxy.decide = () => 'pass';

  const closed = await page({ viewport: { width: 280, height: 160 } });
  await talk(closed, ENGLISH.slice(0, 1)).then(async (room) => {
    await closed.locator('.close').click();
    for (const text of ENGLISH.slice(1, 4)) await world.agent.posts(room, text);
  });
  await closed.locator('.badge:not(:empty)', { hasText: '3' }).waitFor();
  await picture(closed, 'button');
}

try {
  await all();
} finally {
  await world.stop();
}
