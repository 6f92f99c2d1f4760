/** The program, a page that has the widget, and a browser that visits it. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { Room } from '../../../client/src/index.ts';
import { Caller, type Program, start, tokenFor } from '../../../client/test/support/program.ts';
import { FaultyProxy } from '../../../client/test/support/proxy.ts';

const DIST = new URL('../../dist/', import.meta.url);

/** The Chromium of this machine, if it has one. */
export function executable(): string | undefined {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // The next one, then.
    }
  }
  return undefined;
}

/** For tests that need a browser: `{ skip }` where there is none. */
export const browsing = executable() ? {} : { skip: 'this machine has no Chromium' };

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** `data-` attributes of the script tag, by their names in `dataset`. */
export type Attributes = Record<string, string>;

/** A page as a test asks for it. */
export interface Visit {
  attributes?: Attributes;
  /** Of the browser: language, colours, size, and so on. */
  browser?: Parameters<Browser['newContext']>[0];
  context?: BrowserContext;
  /** Has the script come from Parlour's own origin, and the tag say nothing of where Parlour is. */
  isBesideApi?: boolean;
  /** Runs on the page before anything else does. */
  before?: () => void;
  /** Markup of the page, before the script. */
  body?: string;
  lang?: string;
}

/** Everything that the tests of one file share. */
export class World {
  /** What the page's own server answers at /token: the claims of who is signed in. */
  signedIn: { sub: string; [claim: string]: unknown } | null = null;
  readonly #pages = new Map<string, string>();

  static async start(): Promise<World> {
    const program = await start();
    const proxy = await FaultyProxy.before(program.url);
    const args = process.getuid?.() === 0 ? [...FLAGS, '--no-sandbox'] : FLAGS;
    const browser = await chromium.launch({ executablePath: executable() as string, args });
    const agent = await Caller.enter(program.url, { sub: 'agnes', name: 'Agnes', roles: ['admin'] });
    return new World(program, proxy, browser, agent);
  }

  readonly #files = createServer(({ url }, answer) => void sendFile(answer, url ?? ''));
  readonly #site: Server = createServer(({ url }, answer) => void this.#answer(answer, url ?? ''));

  private constructor(
    readonly program: Program,
    readonly proxy: FaultyProxy,
    readonly browser: Browser,
    /** An agent of the desk. */
    readonly agent: Caller,
  ) {}

  async stop(): Promise<void> {
    await this.browser.close();
    for (const server of [this.#files, this.#site]) {
      server.closeAllConnections();
      server.close();
    }
    await this.proxy.stop();
    await this.program.stop();
  }

  /** Opens a page with the widget; whatever it complains about fails the test. */
  async visit(t: TestContext, visit: Visit = {}): Promise<Page> {
    const context = visit.context ?? (await this.browser.newContext(visit.browser));
    if (!visit.context) t.after(() => context.close());
    if (visit.isBesideApi) await this.#putBesideApi(context);
    const page = await context.newPage();
    const complaints = watch(page);
    t.after(() => assert.deepEqual(complaints, []));
    // What tsx makes of functions names them so, on the page too.
    await page.addInitScript('globalThis.__name = (it) => it');
    if (visit.before) await page.addInitScript(visit.before);
    await page.goto(await this.address(visit));
    await page.locator('.launcher').waitFor();
    return page;
  }

  /** Where a page is that has this. */
  async address({ attributes = {}, body = '', lang = 'en', isBesideApi = false }: Visit): Promise<string> {
    const site = await origin(this.#site);
    const files = isBesideApi ? `${this.proxy.url}/widget` : await origin(this.#files);
    const all = { ...(isBesideApi ? {} : { api: this.proxy.url }), ask: 'none', ...attributes };
    const data = Object.entries(all).map(
      ([name, value]) => `${attribute(name)}="${value.replace(/&/g, '&amp;').replace(/"/g, '&quot;')}"`,
    );
    const script = `<script src="${files}/widget.js" ${data.join(' ')}></script>`;
    const path = `/${this.#pages.size}`;
    this.#pages.set(
      path,
      `<!doctype html><html lang="${lang}"><meta name="viewport" content="width=device-width"><title>A shop</title><main><h1>A shop</h1>${body}</main>${script}</html>`,
    );
    return site + path;
  }

  /** The support room of the visitor who wrote this. */
  async roomOf(text: string): Promise<Room> {
    for (let tries = 0; tries < 200; tries++) {
      const { rooms } = await this.agent.call<{ rooms: Room[] }>(
        'GET',
        '/v1/desk/rooms?state=active&limit=50',
      );
      const room = rooms.find(({ last_message }) => last_message?.preview === text);
      if (room) return room;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`nobody wrote ${text}`);
  }

  /** As a server before both would: /widget is the files' folder, everything else is Parlour. */
  async #putBesideApi(context: BrowserContext): Promise<void> {
    const files = await origin(this.#files);
    await context.route(`${this.proxy.url}/widget/*`, async (route) => {
      const url = files + new URL(route.request().url()).pathname.replace('/widget', '');
      await route.fulfill({ response: await route.fetch({ url }) });
    });
  }

  async #answer(answer: ServerResponse, url: string): Promise<void> {
    if (url === '/token') {
      if (!this.signedIn) return void answer.writeHead(401).end();
      const token = await tokenFor(this.program.url, this.signedIn);
      return void answer
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ token }));
    }
    const page = this.#pages.get(url);
    const socket = this.proxy.url.replace('http', 'ws');
    // No styles, no inline scripts, no eval: what README.md says is enough.
    const policy = [
      `default-src 'none'`,
      `script-src ${await origin(this.#files)} ${this.proxy.url}/widget/`,
      `connect-src 'self' ${this.proxy.url} ${socket}`,
      `require-trusted-types-for 'script'`,
    ];
    const headers = {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy.join('; '),
    };
    answer.writeHead(page ? 200 : 404, page ? headers : {}).end(page);
  }
}

/**
 * What tests cause: connections that fail, and pusher-js, which sends each frame a moment after it was told to, and
 * so perhaps when it was told to close.
 */
const CAUSED = /^Failed to load resource|^WebSocket connection to .* failed|^WebSocket is already in CLOSING/;

/** Errors, violations of the policy and dialogs of a page. */

function watch(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !CAUSED.test(message.text())) complaints.push(message.text());
  });
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return complaints;
}

async function sendFile(answer: ServerResponse, url: string): Promise<void> {
  try {
    const file = await readFile(new URL(`.${url.split('?')[0]}`, DIST));
    answer
      .writeHead(200, { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' })
      .end(file);
  } catch {
    answer.writeHead(404).end();
  }
}

async function origin(server: Server): Promise<string> {
  if (!server.listening) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function attribute(name: string): string {
  return `data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Tries again until it does not fail any more, and fails as it did last. */
export async function eventually<T>(check: () => T | Promise<T>, ms = 15_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A promise, and what fulfils it. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
