/** The script that a page loads: draws the button, and fetches the panel when it is needed. */

import { addStyles, h, icon } from './dom.ts';
import css from './loader.css?inline';
import type { Mount, Options, Panel, Shell, TokenSource } from './shell.ts';

/** The panel's file, beside this one; set by the build. */
declare const PANEL: string;

/** To open, to close, and that it failed: needed before any language is loaded. */
const LABELS: Record<string, readonly [string, string, string]> = {
  en: ['Open chat', 'Close chat', 'The chat could not be loaded. Please try again.'],
  de: ['Chat öffnen', 'Chat schließen', 'Der Chat konnte nicht geladen werden. Bitte erneut versuchen.'],
  ar: ['فتح المحادثة', 'إغلاق المحادثة', 'تعذّر تحميل المحادثة. يُرجى المحاولة مرة أخرى.'],
};

declare global {
  interface Window {
    ParlourWidget?: ParlourWidget;
  }
}

/** `window.ParlourWidget`: tells `open`, `close`, `unread`, `message`, `error` as events. */
class ParlourWidget extends EventTarget {
  readonly #shell: Shell;
  readonly #host = h('parlour-widget' as 'div');
  readonly #notice = h('p', { role: 'alert' });
  readonly #labels: readonly [string, string, string];
  readonly #base: string;
  #panel: Promise<Panel> | null = null;
  #failures = 0;
  #isOpen = false;

  constructor(script: HTMLScriptElement) {
    super();
    const { dataset } = script;
    this.#base = script.src.replace(/[^/]*$/, '');
    const language = dataset.language || document.documentElement.lang || 'en';
    const api = (dataset.api || new URL(script.src).origin).replace(/\/+$/, '');
    const options = { ...dataset, api, language } as Options;
    const [short = ''] = language.toLowerCase().split('-');
    this.#labels = LABELS[short] ?? (LABELS.en as never);
    const shadow = this.#host.attachShadow({ mode: 'open' });
    addStyles(shadow, css);
    const badge = h('span', { class: 'badge', 'aria-hidden': 'true' });
    const button = h(
      'button',
      { class: 'launcher', type: 'button', 'aria-haspopup': 'dialog' },
      icon(
        'M12 3.5c5 0 9 3.4 9 7.7s-4 7.8-9 7.8c-1 0-2-.1-2.9-.4L4 20.5l1.3-3.7A7.2 7.2 0 0 1 3 11.2c0-4.300 4-7.700 9-7.700z',
      ),
      icon('M6 6l12 12M18 6L6 18'),
      badge,
    );
    button.onclick = () => {
      // Not by itself in Safari; the panel gives the focus back to where it was.
      button.focus();
      if (this.#isOpen) this.close();
      else this.open();
    };
    const direction = /^(ar|fa|he|ur)$/.test(short) ? 'rtl' : 'ltr';
    const root = h('div', { class: 'root', lang: LABELS[short] ? language : 'en', dir: direction });
    root.append(this.#notice, button);
    shadow.append(root);
    if (dataset.theme) this.#host.dataset.theme = dataset.theme;
    let unread = '';
    const shows = (isOpen: boolean) => {
      if (isOpen !== this.#isOpen) this.#shell.tell(isOpen ? 'open' : 'close');
      this.#isOpen = isOpen;
      root.classList.toggle('open', isOpen);
      button.ariaExpanded = String(isOpen);
      button.ariaLabel = this.#labels[isOpen ? 1 : 0] + unread;
    };
    this.#shell = {
      options,
      root,
      shadow,
      button,
      key: `parlour-widget:${options.api}`,
      strings: JSON.parse(dataset.strings || '{}'),
      token: dataset.tokenUrl ? () => fetchToken(dataset.tokenUrl as string) : null,
      shows,
      counts(count, label) {
        badge.textContent = count ? (count > 9 ? '9+' : `${count}`) : '';
        unread = count ? `, ${label}` : '';
        shows(root.classList.contains('open'));
      },
      tell: (event, detail) => this.dispatchEvent(new CustomEvent(event, { detail })),
    };
    shows(false);
    document.body.append(this.#host);
    if (isRemembered(this.#shell.key)) void this.#load().catch(() => {});
  }

  open(): void {
    this.#notice.textContent = '';
    this.#shell.button.ariaBusy = 'true';
    this.#load().then(
      (panel) => {
        if (this.#shell.button.ariaBusy) panel.open();
        this.#shell.button.ariaBusy = null;
      },
      (error) => {
        this.#shell.button.ariaBusy = null;
        this.#notice.textContent = this.#labels[2];
        this.#shell.tell('error', error);
      },
    );
  }

  close(): void {
    this.#shell.button.ariaBusy = null;
    void this.#panel?.then((panel) => panel.close());
  }

  /** Whom to ask for tokens from now on; null signs out. */
  setToken(source: TokenSource | null): void {
    this.#shell.token = source;
    void this.#panel?.then((panel) => panel.signIn());
  }

  /** Other words than the language's; to be called before the panel is opened first. */
  setStrings(strings: Record<string, string>): void {
    Object.assign(this.#shell.strings, strings);
  }

  /** Takes everything off the page. What was not sent yet waits in the storage. */
  destroy(): void {
    this.#host.remove();
    void this.#panel?.then((panel) => panel.destroy());
    delete window.ParlourWidget;
  }

  #load(): Promise<Panel> {
    // A browser may remember that a module failed to load, but not under another address.
    const file = this.#base + PANEL + (this.#failures ? `?${this.#failures}` : '');
    this.#panel ??= (import(/* @vite-ignore */ file) as Promise<{ mount: Mount }>)
      .then(({ mount }) => mount(this.#shell))
      .catch((error) => {
        this.#panel = null;
        this.#failures += 1;
        throw error;
      });
    return this.#panel;
  }
}

function isRemembered(key: string): boolean {
  try {
    return key in localStorage;
  } catch {
    // The browser forbids storage: then nothing was kept either.
    return false;
  }
}

/** The page's own server tells who is signed in: a token as it is or in JSON, or 204, 401, 403, 404 for nobody. */
async function fetchToken(url: string): Promise<string | null> {
  const answer = await fetch(url);
  if ([204, 401, 403, 404].includes(answer.status)) return null;
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  const text = (await answer.text()).trim();
  return text.startsWith('{') ? JSON.parse(text).token : text || null;
}

function start(script: HTMLScriptElement): void {
  if (!window.ParlourWidget) window.ParlourWidget = new ParlourWidget(script);
}

const script = document.currentScript as HTMLScriptElement;
// In the head without `defer` there is no body yet.
if (document.body) start(script);
else document.addEventListener('DOMContentLoaded', () => start(script), { once: true });
