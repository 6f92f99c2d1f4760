import type { RoomHandle } from 'parlour-client/core';
import { h, icon } from './dom.ts';
import { MessageView, places, type Setting } from './message.ts';

/** So near to the end counts as there, in pixels; and so near to the beginning loads what is before. */
const NEAR = 60;

/** The list of messages: keeps to its end unless the reader has left that, and to the reader's place otherwise. */
export class LogView {
  readonly element = h('div', { class: 'log-frame' });
  readonly #list: HTMLElement;
  readonly #news: HTMLButtonElement;
  readonly #views = new Map<string, MessageView>();
  readonly #resized: ResizeObserver;
  #room: RoomHandle | null = null;
  #isLoading = false;
  /** Whether the reader is at the end, and wants to stay there. */
  #follows = true;
  /** Where the list last kept to its end, in pixels from its top. */
  #end = 0;
  #last = 0;

  /** @param moved is called when the reader has reached the end */
  constructor(
    readonly setting: Setting,
    readonly moved: () => void,
  ) {
    const { strings } = setting;
    // Off: only what comes later is announced.
    this.#list = h('div', { class: 'log', role: 'log', tabindex: '0', 'aria-live': 'off' });
    this.#list.ariaLabel = strings.messages;
    this.#news = h('button', { type: 'button', class: 'news' }, strings.news, icon('M12 5v14M6 13l6 6l6-6'));
    this.#news.hidden = true;
    this.#news.onclick = () => this.toEnd();
    this.element.append(this.#list, this.#news);
    this.#list.onscroll = () => this.#scrolled();
    this.#resized = new ResizeObserver(() => this.#keepsToEnd() && this.#scrollToEnd());
    this.#resized.observe(this.#list);
  }

  /** Whether everything up to the end is in view. */
  get isAtEnd(): boolean {
    return this.#follows && !this.#room?.snapshot.hasNewer;
  }

  show(room: RoomHandle): void {
    const { snapshot } = room;
    const isFirst = room !== this.#room;
    if (isFirst) this.#begin(room);
    const follows = this.#keepsToEnd();
    const anchor = follows ? null : this.#firstInView();
    const before = anchor?.offsetTop ?? 0;
    const hasNews = this.#arrange(room);
    this.#list.classList.toggle('older', snapshot.hasOlder);
    if (follows) this.#scrollToEnd();
    else if (anchor) this.#list.scrollTop += anchor.offsetTop - before;
    if (hasNews && !follows && !isFirst) this.#news.hidden = false;
    // From the next frame on, when what was there already is not taken for new.
    if (isFirst || this.#list.ariaLive === 'off') requestAnimationFrame(() => this.#announces());
  }

  /** Leads to the newest message. */
  toEnd(): void {
    this.#follows = true;
    this.#news.hidden = true;
    if (this.#room?.snapshot.hasNewer) void this.#room.loadLatest().catch(() => {});
    this.#scrollToEnd();
    this.moved();
  }

  close(): void {
    this.#resized.disconnect();
  }

  #begin(room: RoomHandle): void {
    this.#room = room;
    this.#list.replaceChildren();
    this.#list.ariaLive = 'off';
    this.#views.clear();
    this.#follows = true;
    this.#end = 0;
    this.#last = 0;
    this.#news.hidden = true;
  }

  #announces(): void {
    if (!this.#isLoading) this.#list.ariaLive = 'polite';
  }

  /** Puts each message in its place; whether there are new ones of others. */
  #arrange({ snapshot }: RoomHandle): boolean {
    const { strings, language } = this.setting;
    const { messages } = snapshot;
    const around = places(snapshot, language);
    const keys = new Set(messages.map(({ key }) => key));
    for (const [key, view] of this.#views) {
      if (keys.has(key)) continue;
      view.element.remove();
      this.#views.delete(key);
    }
    let next = this.#list.firstElementChild;
    let last = this.#last;
    messages.forEach((entry, at) => {
      const place = around[at] as (typeof around)[number];
      let view = this.#views.get(entry.key);
      if (!view) {
        view = new MessageView(this.setting, place.isOwn ? strings.you : strings.team);
        this.#views.set(entry.key, view);
      }
      view.update(entry, place);
      if (view.element === next) next = next.nextElementSibling;
      else this.#list.insertBefore(view.element, next);
      if (entry.seq !== null && !place.isOwn) last = Math.max(last, entry.seq);
    });
    const hasNews = last > this.#last;
    this.#last = last;
    return hasNews;
  }

  /** The bubble that must not move: what is around it may, such as the divider of its day. */
  #firstInView(): HTMLElement | undefined {
    const { scrollTop } = this.#list;
    const bubbles = this.#list.querySelectorAll<HTMLElement>('.bubble');
    return [...bubbles].find((it) => it.offsetTop + it.offsetHeight > scrollTop);
  }

  #scrollToEnd(): void {
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#end = this.#list.scrollTop;
  }

  get #isNearEnd(): boolean {
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  /**
   * Whether to go where the end goes. The event of a scroll is a frame late: a reader who has gone up since then must
   * not be brought back by what arrives before it. A list that only lost height is not above where it was.
   */
  #keepsToEnd(): boolean {
    if (this.#list.scrollTop < this.#end && !this.#isNearEnd) this.#follows = false;
    return this.#follows;
  }

  #scrolled(): void {
    const { scrollTop, clientHeight } = this.#list;
    const room = this.#room;
    if (!room || !clientHeight) return;
    this.#follows = this.#isNearEnd;
    if (this.#follows) {
      if (room.snapshot.hasNewer) this.#loads(() => room.loadNewer());
      else this.#news.hidden = true;
      this.moved();
    } else if (scrollTop < NEAR && room.snapshot.hasOlder) this.#loads(() => room.loadOlder());
  }

  #loads(load: () => Promise<void>): void {
    if (this.#isLoading) return;
    this.#isLoading = true;
    this.#list.ariaLive = 'off';
    const done = () => {
      this.#isLoading = false;
      requestAnimationFrame(() => this.#announces());
    };
    load().then(done, done);
  }
}
