/** Chromium, and pages in it that say when anything goes wrong. */

import { execFileSync } from 'node:child_process';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** The Chromium of this machine, if it has one. */
function executable(): string | undefined {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // The next one, then.
    }
  }
  return undefined;
}

const path = executable();

/** For a suite: skipped, with a reason, where there is no browser. */
export const skip = path ? false : 'this machine has no Chromium';

export function launch(): Promise<Browser> {
  // A browser that runs as root has no sandbox.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ ...(path ? { executablePath: path } : {}), args });
}

/** What a page complained about: errors of scripts, whatever else it called an error, and violations of the policy. */
const complaints = new WeakMap<Page, string[]>();

/**
 * What tests cause and the browser remarks on: that something was refused, connections that fail, and pusher-js, which
 * sends each frame a moment after it was told to, and so perhaps when it was told to close.
 */
const CAUSED = /^Failed to load resource|^WebSocket connection to .* failed|^WebSocket is already in CLOSING/;

export async function newPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: 'en-US',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
    ...options,
  });
  // What the loader of these files puts around functions, also around those that run on a page.
  await context.addInitScript('globalThis.__name = (it) => it');
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const heard: string[] = [];
  complaints.set(page, heard);
  page.on('pageerror', (error) => heard.push(`error: ${error.message}`));
  page.on('console', (message) => {
    const isPolicy = /Content.Security.Policy|Trusted ?Type/i.test(message.text());
    if (isPolicy || (message.type() === 'error' && !CAUSED.test(message.text()))) heard.push(message.text());
  });
  return page;
}

export function complaintsOf(page: Page): readonly string[] {
  return complaints.get(page) ?? [];
}
