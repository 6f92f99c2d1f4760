/** The widget as a visitor sees and uses it. */

import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { Room } from '../../../client/src/index.ts';
import { eventually, type World } from './world.ts';

/** A message as it is shown. */
export interface Shown {
  text: string;
  isOwn: boolean;
  status: string;
  note: string;
}

export async function open(page: Page): Promise<void> {
  await page.locator('.launcher').click();
  await page.locator('.panel[open]').waitFor();
}

export function state(page: Page): Promise<string | undefined> {
  return page.locator('.state').evaluate((it: HTMLElement) => it.dataset.state);
}

export async function connected(page: Page): Promise<void> {
  await page.locator('.state[data-state="connected"]').waitFor();
}

export async function write(page: Page, text: string): Promise<void> {
  await page.locator('textarea').fill(text);
  await page.locator('textarea').press('Enter');
}

export function messages(page: Page): Promise<Shown[]> {
  return page.locator('.message').evaluateAll((all) =>
    all.map((it) => {
      const bubble = it.querySelector('.bubble')?.cloneNode(true) as HTMLElement;
      bubble.querySelector('time')?.remove();
      const status = ['sent', 'sending', 'failed'].find((name) => it.classList.contains(name)) ?? '';
      const note = it.querySelector('.note')?.textContent ?? '';
      return { text: bubble.textContent?.trimEnd() ?? '', isOwn: it.classList.contains('own'), status, note };
    }),
  );
}

export async function texts(page: Page): Promise<string[]> {
  return (await messages(page)).map(({ text }) => text);
}

/** Until these texts, and no others, are shown, all of them sent. */
export function shows(page: Page, ...expected: string[]): Promise<void> {
  return eventually(async () => {
    const shown = await messages(page);
    assert.deepEqual(
      shown.map(({ text }) => text),
      expected,
    );
    assert.ok(shown.every(({ status }) => status === 'sent'));
  });
}

/** A conversation that the visitor has begun: the panel is open, the desk's room is known. */
export async function conversation(world: World, page: Page, text = unique('Hello')): Promise<Room> {
  await open(page);
  await connected(page);
  await write(page, text);
  await shows(page, text);
  return world.roomOf(text);
}

let count = 0;

export function unique(text: string): string {
  count += 1;
  return `${text} ${count}`;
}

/** What the page has kept. */
export function stored(page: Page): Promise<Record<string, string>> {
  return page.evaluate(() => ({ ...localStorage }));
}

export function badge(page: Page): Promise<string> {
  return page.locator('.badge').evaluate((it) => (it.checkVisibility() ? (it.textContent ?? '') : 'hidden'));
}

export function isOpen(page: Page): Promise<boolean> {
  return page.locator('.panel').evaluate((it: HTMLDialogElement) => it.open);
}

/** Scrolls the list of messages, and waits until that was heard. */
export function scrollTo(page: Page, top: number): Promise<void> {
  return page.locator('.log').evaluate((it, top) => {
    return new Promise<void>((resolve) => {
      it.addEventListener('scroll', () => resolve(), { once: true });
      it.scrollTo(0, top);
    });
  }, top);
}
