/** The program, the pages before it, and people on them. */

import assert from 'node:assert/strict';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { Caller, type Claims, start } from '../../../client/test/support/program.ts';
import { complaintsOf, launch, newPage } from './browser.ts';
import { serve } from './site.ts';

/** Long enough for any test's clock: only the domain's time is moved, not that of signatures. */
const FAR = 4_000_000_000;

export interface Scene {
  url: string;
  site: string;
  browser: Browser;
  /** Somebody who calls the API directly. */
  caller(claims: Claims): Promise<Caller>;
  /** A page of the chat or the dashboard, as one of the people of the demo. */
  open(path: string, as: string, options?: BrowserContextOptions): Promise<Page>;
  stop(): Promise<void>;
}

export async function scene(config: object = {}): Promise<Scene> {
  const program = await start();
  const site = await serve(program.url, { api: program.url, demo: true, ...config });
  const browser = await launch();
  const pages: Page[] = [];
  return {
    url: program.url,
    site: site.url,
    browser,
    caller: (claims) => Caller.enter(program.url, { exp: FAR, ...claims }),
    async open(path, as, options) {
      const page = await newPage(browser, options);
      pages.push(page);
      const [before, hash] = path.split('#');
      await page.goto(`${site.url}${before}?as=${as}${hash ? `#${hash}` : ''}`);
      return page;
    },
    async stop() {
      const heard = pages.flatMap(complaintsOf);
      await browser.close();
      await site.stop();
      await program.stop();
      assert.deepEqual(heard, [], 'no page complained');
    },
  };
}

/** Asks again and again until this holds. */
export async function eventually(holds: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (const end = Date.now() + 10_000; !(await holds()); ) {
    assert.ok(Date.now() < end, `not within 10 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** Moves the domain's clock; null puts it back. */
export async function setClock(url: string, now: string | null): Promise<void> {
  const method = now === null ? 'DELETE' : 'PUT';
  const body = now === null ? null : JSON.stringify({ now });
  const answer = await fetch(`${url}/dev/clock`, {
    method,
    body,
    headers: { 'content-type': 'application/json' },
  });
  assert.ok(answer.ok);
}
