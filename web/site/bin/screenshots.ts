/** Pictures of the pages, for docs/pictures: the same people and words each time. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { type Scene, scene } from '../test/support/scene.ts';
import { type Story, tell } from './story.ts';

const FOLDER = process.env.PICTURES ?? fileURLToPath(new URL('../../../docs/pictures', import.meta.url));
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
    name: 'desk-keys',
    path: () => '/desk',
    as: 'agnes',
    ready: 'desk-list a',
    prepare: (page) => page.keyboard.press('?'),
  },
  { name: 'demo', path: () => '/inbox', as: '', ready: 'ui-chooser li' },
];

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

async function take(it: Scene, story: Story, shot: Shot): Promise<void> {
  const page = await it.open(shot.path(story), shot.as, {
    viewport: shot.isPhone ? PHONE : DESKTOP,
    colorScheme: shot.isDark ? 'dark' : 'light',
    locale: shot.language ?? 'en-US',
  });
  await page.locator(shot.ready).first().waitFor();
  await page.waitForLoadState('networkidle');
  await shot.prepare?.(page);
  const png = await page.screenshot({ animations: 'disabled' });
  const picture = await smaller(it, png);
  writeFileSync(`${FOLDER}/${shot.name}.webp`, picture);
  console.log(`${shot.name}: ${(picture.length / 1000).toFixed(0)} kB`);
  if (picture.length > LARGEST) throw new Error(`${shot.name} is larger than ${LARGEST} bytes`);
  await page.context().close();
}

mkdirSync(FOLDER, { recursive: true });
const wanted = process.argv.slice(2);
const it = await scene({
  canned: ['Thank you for writing. I am looking into it.', 'Could you send me the number of your order?'],
});
try {
  const story = await tell(it);
  for (const shot of SHOTS)
    if (wanted.length === 0 || wanted.includes(shot.name)) await take(it, story, shot);
} finally {
  await it.stop();
}
