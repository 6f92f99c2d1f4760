/** Pictures of the pages, for docs/pictures: the same people and words each time. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { start } from '../../client/test/support/program.ts';
import { newPage } from '../test/support/browser.ts';
import { type Scene, scene } from '../test/support/scene.ts';
import { type Story, tell } from './story.ts';

const FOLDER = process.env.PICTURES ?? fileURLToPath(new URL('../../../docs/pictures', import.meta.url));
const BUILT = fileURLToPath(new URL('../../dist', import.meta.url));
const LARGEST = 60_000;
const PHONE = { width: 390, height: 780 };
const DESKTOP = { width: 1180, height: 740 };

interface Shot {
  name: string;
  path: (story: Story) => string;
  as: string;
  isPhone?: boolean;
  isDark?: boolean;
  language?: string;
  /** What is there when the picture can be taken. */
  ready: string;
  prepare?: (page: Page) => Promise<void>;
}

const SHOTS: Shot[] = [
  { name: 'chat', path: ({ alice }) => `/inbox/${alice}`, as: 'alice', ready: '.sticker', prepare: hover },
  { name: 'chat-dark', path: ({ alice }) => `/inbox/${alice}`, as: 'alice', isDark: true, ready: '.sticker' },
  {
    name: 'chat-phone',
    path: ({ alice }) => `/inbox/${alice}`,
    as: 'alice',
    isPhone: true,
    ready: '.sticker',
  },
  {
    name: 'chat-phone-dark',
    path: ({ alice }) => `/inbox/${alice}`,
    as: 'alice',
    isPhone: true,
    isDark: true,
    ready: '.sticker',
  },
  {
    name: 'chat-list-phone',
    path: () => '/inbox',
    as: 'alice',
    isPhone: true,
    isDark: true,
    ready: 'chat-list a',
  },
  { name: 'chat-new', path: () => '/inbox', as: 'alice', ready: 'chat-list a', prepare: newChat },
  { name: 'chat-welcome', path: () => '/inbox', as: 'frida', ready: '.welcome' },
  { name: 'chat-match', path: ({ match }) => `/inbox/${match}`, as: 'alice', ready: '.banner' },
  {
    name: 'chat-arabic',
    path: ({ alice }) => `/inbox/${alice}`,
    as: 'alice',
    language: 'ar',
    ready: '.sticker',
  },
  { name: 'desk', path: ({ desk }) => `/desk/${desk}`, as: 'agnes', ready: '.message' },
  {
    name: 'desk-dark',
    path: ({ desk }) => `/desk/${desk}`,
    as: 'agnes',
    isDark: true,
    ready: '.message',
    prepare: canned,
  },
  { name: 'desk-phone', path: () => '/desk', as: 'agnes', isPhone: true, ready: 'desk-list a' },
  {
    name: 'desk-phone-dark',
    path: ({ desk }) => `/desk/${desk}`,
    as: 'agnes',
    isPhone: true,
    isDark: true,
    ready: '.message',
  },
  {
    name: 'desk-keys',
    path: () => '/desk',
    as: 'agnes',
    ready: 'desk-list a',
    prepare: (page) => page.keyboard.press('?'),
  },
  { name: 'demo', path: () => '/inbox', as: '', ready: 'ui-chooser li' },
];

/** The pages of a laptop alone, which the program itself serves. */
const OF_A_LAPTOP = [
  { name: 'start', path: '/' },
  { name: 'start-dark', path: '/', isDark: true },
  { name: 'start-phone', path: '/', isPhone: true },
  { name: 'shop', path: '/shop', prepare: openWidget },
  { name: 'shop-phone-dark', path: '/shop', isPhone: true, isDark: true },
  { name: 'live', path: '/live', prepare: makeDemo },
  { name: 'live-dark', path: '/live', isDark: true, prepare: makeDemo },
];

async function openWidget(page: Page): Promise<void> {
  await page
    .getByRole('button', { name: /chat|support/i })
    .last()
    .click();
  await page.getByRole('textbox').last().waitFor();
}

/** Something to see: what the demo does, from another page. */
async function makeDemo(page: Page): Promise<void> {
  await page.getByText('Watching.').waitFor();
  const other = await page.context().newPage();
  await other.goto(new URL('/', page.url()).href);
  await other.click('#demo');
  await page.locator('tr.event').nth(5).waitFor();
  await other.close();
  await page.bringToFront();
}

async function hover(page: Page): Promise<void> {
  await page.locator('.message').nth(4).hover();
  await page.locator('.toolbar').waitFor();
}

async function newChat(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Create chat' }).click();
  for (const name of ['carol', 'dave']) {
    await page.getByRole('searchbox').fill(name);
    await page.getByRole('button', { name: new RegExp(`^${name}`, 'i'), pressed: false }).click();
  }
}

async function canned(page: Page): Promise<void> {
  await page.locator('textarea').focus();
  await page.keyboard.press('/');
  await page.locator('desk-canned-menu li').first().waitFor();
}

/** The same picture as WebP: the browser that took it knows how to write that. */
async function smaller({ browser }: Scene, png: Buffer): Promise<Buffer> {
  const page = await browser.newPage();
  const url = await page.evaluate(
    async (source) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const canvas = document.createElement('canvas');
      canvas.width = image.width;
      canvas.height = image.height;
      canvas.getContext('2d')?.drawImage(image, 0, 0);
      return canvas.toDataURL('image/webp', 0.86);
    },
    `data:image/png;base64,${png.toString('base64')}`,
  );
  await page.close();
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
}

type Look = Pick<Shot, 'isPhone' | 'isDark' | 'language'>;

const as = ({ isPhone, isDark, language }: Look): BrowserContextOptions => ({
  viewport: isPhone ? PHONE : DESKTOP,
  colorScheme: isDark ? 'dark' : 'light',
  locale: language ?? 'en-US',
});

async function take(it: Scene, story: Story, shot: Shot): Promise<void> {
  const page = await it.open(shot.path(story), shot.as, as(shot));
  await page.locator(shot.ready).first().waitFor();
  await page.waitForLoadState('networkidle');
  await shot.prepare?.(page);
  await keep(it, page, shot.name);
}

async function takeOfALaptop(it: Scene, shot: (typeof OF_A_LAPTOP)[number]): Promise<void> {
  const program = await start('--pages', BUILT);
  try {
    const page = await newPage(it.browser, as(shot));
    await page.goto(program.url + shot.path);
    await page.locator('h1').waitFor();
    await shot.prepare?.(page);
    await keep(it, page, shot.name);
  } finally {
    await program.stop();
  }
}

async function keep(it: Scene, page: Page, name: string): Promise<void> {
  const png = await page.screenshot({ animations: 'disabled' });
  const picture = await smaller(it, png);
  writeFileSync(`${FOLDER}/${name}.webp`, picture);
  console.log(`${name}: ${(picture.length / 1000).toFixed(0)} kB`);
  if (picture.length > LARGEST) throw new Error(`${name} is larger than ${LARGEST} bytes`);
  await page.context().close();
}

mkdirSync(FOLDER, { recursive: true });
const wanted = process.argv.slice(2);
const isWanted = ({ name }: { name: string }) => wanted.length === 0 || wanted.includes(name);
const it = await scene({
  canned: ['Thank you for writing. I am looking into it.', 'Could you send me the number of your order?'],
});
try {
  const story = await tell(it);
  for (const shot of SHOTS.filter(isWanted)) await take(it, story, shot);
  for (const shot of OF_A_LAPTOP.filter(isWanted)) await takeOfALaptop(it, shot);
} finally {
  await it.stop();
}
