/** The panel: fetched by the loader when it is needed. */

import type { RoomHandle } from 'parlour-client/core';
import { Composer } from './composer.ts';
import { addStyles, h, icon } from './dom.ts';
import { english, type Strings } from './languages/en.ts';
import { LogView } from './log.ts';
import css from './panel.css?inline';
import { Session } from './session.ts';
import type { Panel, Shell } from './shell.ts';
import { Sound } from './sound.ts';

const LANGUAGES: Record<string, () => Promise<{ default: Strings }>> = {
  de: () => import('./languages/de.ts'),
  ar: () => import('./languages/ar.ts'),
};

const ALERT = 'M12 8v5M12 16.5v.1M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18z';

/** Where the panel covers the page; the same as in panel.css. */
const SHEET = '(max-width: 480px), (max-height: 480px)';

export async function mount(shell: Shell): Promise<Panel> {
  const [short = ''] = shell.options.language.toLowerCase().split('-');
  const language = await LANGUAGES[short]?.();
  return new PanelView(shell, { ...english, ...language?.default, ...shell.strings });
}

class PanelView implements Panel {
  readonly #dialog = h('dialog', { class: 'panel', role: 'dialog', tabindex: '-1' });
  readonly #state = h('span', { class: 'state', role: 'status' });
  readonly #body = h('div', { class: 'body' });
  readonly #typing = h('div', { class: 'typing' });
  readonly #welcome: HTMLElement;
  readonly #skeleton: HTMLElement;
  readonly #failure: HTMLElement;
  readonly #composer: Composer;
  readonly #log: LogView;
  readonly #session: Session;
  readonly #sound = new Sound();
  readonly #ended = new AbortController();
  #unread = 0;
  /** The room, and the newest of its messages, that was heard of. */
  #room: RoomHandle | null = null;
  #heard = 0;
  /** Whether what is in the input is to be sent as soon as there is a room to send it to. */
  #isWanted = false;

  constructor(
    readonly shell: Shell,
    readonly strings: Strings,
  ) {
    const { options } = shell;
    this.#welcome = h(
      'div',
      { class: 'welcome' },
      this.#avatar(),
      h('h3', {}, strings.hello),
      h('p', {}, options.intro ?? strings.intro),
    );
    const ask = options.ask ?? 'email';
    this.#composer = new Composer(
      strings,
      ask,
      (text) => this.#sends(text),
      (isTyping) => this.#session.room?.setTyping(isTyping),
    );
    this.#skeleton = h(
      'div',
      { class: 'skeleton', role: 'status' },
      h('span', { class: 'hidden' }, strings.loading),
    );
    this.#skeleton.append(...Array.from({ length: 4 }, () => h('div')));
    const retry = h('button', { type: 'button', class: 'retry' }, strings.retry);
    retry.onclick = () => void this.#session.begin();
    this.#failure = h(
      'div',
      { class: 'failure', role: 'alert' },
      icon(ALERT),
      h('p', {}, strings.error),
      retry,
    );
    const setting = {
      strings,
      language: options.language,
      retry: (id: string) => this.#session.room?.retry(id),
      discard: (id: string) => this.#session.room?.discard(id),
    };
    this.#log = new LogView(setting, () => this.#reads());
    addStyles(shell.shadow, css);
    this.#draw();
    this.#session = new Session(shell, () => this.#show());
    this.#listen();
    this.#show();
    this.#session.resume();
  }

  open(): void {
    if (this.#dialog.open) return;
    // A sheet covers the page: as a modal dialog it keeps the focus too.
    if (matchMedia(SHEET).matches) this.#dialog.showModal();
    else this.#dialog.show();
    this.#sound.allow();
    this.shell.shows(true);
    this.#session.start();
    this.#show();
    this.#log.toEnd();
    // A finger would get its keyboard in the way of what there is to read.
    if (matchMedia('(hover: hover)').matches) this.#composer.input.focus();
    else this.#dialog.focus();
  }

  close(): void {
    if (this.#dialog.open) this.#dialog.close();
  }

  signIn(): void {
    void this.#session.signIn();
  }

  destroy(): void {
    this.#ended.abort();
    this.#session.close();
    this.#log.close();
    this.#sound.close();
    this.#dialog.remove();
  }

  #avatar(): HTMLElement {
    const { team, title } = this.strings;
    const words = (this.shell.options.title ?? this.shell.strings.team ?? title ?? team).split(/\s+/);
    const initials = words.slice(0, 2).map((word) => [...word][0]);
    return h('span', { class: 'avatar', 'aria-hidden': 'true' }, initials.join('').toUpperCase());
  }

  #draw(): void {
    const { strings, shell } = this;
    const title = shell.options.title ?? strings.title;
    const mute = h(
      'button',
      { type: 'button', class: 'tool' },
      icon('M5 9v6h4l5 4V5L9 9zM17.500 8.500a5 5 0 0 1 0 7'),
    );
    mute.ariaLabel = mute.title = strings.mute;
    const shows = () => {
      mute.ariaPressed = String(!this.#sound.isMuted);
    };
    mute.onclick = () => {
      this.#sound.mute(!this.#sound.isMuted);
      shows();
    };
    shows();
    const close = h('button', { type: 'button', class: 'tool close' }, icon('M6 6l12 12M18 6L6 18'));
    close.ariaLabel = strings.close;
    close.onclick = () => this.close();
    const name = h('div', { class: 'name' }, h('h2', {}, title), this.#state);
    this.#dialog.ariaLabel = title;
    this.#dialog.append(
      h('header', {}, this.#avatar(), name, mute, close),
      this.#body,
      this.#typing,
      this.#composer.element,
    );
    shell.root.prepend(this.#dialog);
  }

  #listen(): void {
    const { signal } = this.#ended;
    const reads = () => this.#reads();
    window.addEventListener('focus', reads, { signal });
    document.addEventListener('visibilitychange', reads, { signal });
    for (const event of ['online', 'offline']) window.addEventListener(event, () => this.#show(), { signal });
    this.shell.root.onkeydown = (event) => {
      if (event.key !== 'Escape' || event.isComposing || !this.#dialog.open) return;
      event.preventDefault();
      event.stopPropagation();
      this.close();
    };
    this.#dialog.onclose = () => this.shell.shows(false);
    // Where a keyboard on the screen leaves less of it to see.
    visualViewport?.addEventListener(
      'resize',
      () => this.#dialog.style.setProperty('--seen', `${visualViewport?.height}px`),
      { signal },
    );
  }

  /** Shows what the session is now. */
  #show(): void {
    const { phase, room } = this.#session;
    if (room && this.#isWanted) {
      this.#isWanted = false;
      this.#composer.submit();
    }
    const snapshot = room?.snapshot;
    this.#composer.fields.hidden = phase !== 'new';
    const part = this.#part(!snapshot?.messages.length);
    if (this.#body.firstChild !== part) this.#body.replaceChildren(part);
    if (room && part === this.#log.element) this.#log.show(room);
    if (room) this.#hears(room);
    const typing = snapshot?.typing.length ? this.strings.typing : '';
    if (this.#typing.textContent !== typing) this.#typing.textContent = typing;
    this.#showState();
    this.#reads();
  }

  #part(isEmpty: boolean): HTMLElement {
    const { phase } = this.#session;
    if (phase === 'error') return this.#failure;
    if (!isEmpty) return this.#log.element;
    return phase === 'loading' ? this.#skeleton : this.#welcome;
  }

  #showState(): void {
    const { phase, isConnected } = this.#session;
    const state = !navigator.onLine ? 'offline' : isConnected ? 'connected' : 'connecting';
    // Somebody new need not be connected, and after an error the panel says enough.
    const text = state === 'connecting' && ['new', 'error'].includes(phase) ? '' : this.strings[state];
    if (this.#state.textContent !== text) this.#state.textContent = text;
    this.#state.dataset.state = state;
  }

  #sends(text: string): boolean {
    const { phase, room } = this.#session;
    this.#sound.allow();
    if (!room) {
      this.#isWanted = true;
      if (phase === 'new') void this.#session.begin(this.#composer.profile);
      return false;
    }
    room.post(text);
    this.#log.toEnd();
    return true;
  }

  /** Tells of what others wrote since the room was loaded. */
  #hears(room: RoomHandle): void {
    const { status, messages, info, unread } = room.snapshot;
    if (status !== 'ready') return;
    const isNew = room === this.#room;
    this.#room = room;
    const before = isNew ? this.#heard : Number.POSITIVE_INFINITY;
    const sent = messages.filter((entry) => entry.status === 'sent');
    const news = sent.filter(({ seq, sender_id }) => seq > before && sender_id !== info?.you.member_id);
    this.#heard = Math.max(isNew ? this.#heard : 0, sent.at(-1)?.seq ?? 0);
    if (news.some(({ sender_type }) => sender_type === 'admin')) this.#sound.play();
    for (const { seq, body, sender_type } of news) this.shell.tell('message', { seq, body, sender_type });
    if (unread === this.#unread) return;
    this.#unread = unread;
    this.shell.counts(unread, this.strings.unread.replace('{}', String(unread)));
    this.shell.tell('unread', unread);
  }

  /** What is in view, on a page that somebody looks at, is read. */
  #reads(): void {
    const { room } = this.#session;
    const isSeen = this.#dialog.open && this.#log.isAtEnd && !document.hidden && document.hasFocus();
    if (isSeen && room?.snapshot.unread) room.markRead();
  }
}
