import { html, LitElement } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Entry, Room } from 'parlour-client';
import { base, controls } from './base.ts';
import { type DayForm, dayLabel } from './dates.ts';
import { icon } from './icons.ts';
import { t } from './locale.ts';
import { logStyle } from './log-style.ts';
import { type Act, type Action, type MessageView, messageRow } from './message.ts';
import { News } from './news.ts';
import { isOwn, type Row, rowsOf } from './rows.ts';
import { ScrollKeeper } from './scroll-keeper.ts';
import { Ticker } from './ticker.ts';

/** So near to an end of what is held, more is fetched. */
const AHEAD_PX = 900;
const FLASH_MS = 1_800;

/** What the log asks for when one scrolls to an end of it. */
export interface Loader {
  loadOlder(): Promise<void>;
  loadNewer(): Promise<void>;
  loadLatest(): Promise<void>;
  loadAround(seq: number): Promise<void>;
}

/**
 * The messages of one room (another room is shown by another element), as far as the client library holds them: a window of the log that moves as one scrolls.
 * Emits `act` ({@link Action}) and `seen` when its end is in view.
 */
export class Log extends LitElement {
  static override properties = {
    room: { attribute: false },
    entries: { attribute: false },
    hasOlder: { attribute: false },
    hasNewer: { attribute: false },
    unreadAfter: { attribute: false },
    form: {},
    may: { attribute: false },
    loader: { attribute: false },
    activeKey: { state: true },
    flashSeq: { state: true },
  };
  declare room: Room;
  declare entries: readonly Entry[];
  declare hasOlder: boolean;
  declare hasNewer: boolean;
  /** Up to where the viewer had read when the room was opened; null for no line. */
  declare unreadAfter: number | null;
  declare form: DayForm;
  declare may: ReadonlySet<Act>;
  declare loader: Loader | null;
  declare activeKey: string | null;
  declare flashSeq: number | null;

  static override styles = [base, controls, logStyle];

  readonly #keeper = new ScrollKeeper(() => this.#scroller);
  readonly #news = new News();
  readonly #resize = new ResizeObserver(() => this.#resized());
  #isLoading = false;
  #isShown = false;
  #tabbable: string | null = null;

  constructor() {
    super();
    this.entries = [];
    this.hasOlder = false;
    this.hasNewer = false;
    this.unreadAfter = null;
    this.form = 'chat';
    this.may = new Set();
    this.loader = null;
    this.activeKey = null;
    this.flashSeq = null;
    new Ticker(this);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.#scroller) this.#observe();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
  }

  /** Whether what is newest is in view. */
  get isAtEnd(): boolean {
    return this.#keeper.isAtEnd && !this.hasNewer;
  }

  /** Shows a message, fetching the part of the log around it where that is not held. */
  async jump(seq: number): Promise<void> {
    if (!this.#rowOf(seq)) {
      this.#keeper.isAtEnd = false;
      await this.loader?.loadAround(seq);
      await this.updateComplete;
    }
    this.#keeper.isAtEnd = false;
    this.#rowOf(seq)?.scrollIntoView({ block: 'center' });
    this.flashSeq = seq;
    setTimeout(() => {
      this.flashSeq = null;
    }, FLASH_MS);
  }

  async jumpToEnd(): Promise<void> {
    if (this.hasNewer) await this.loader?.loadLatest();
    this.#keeper.isAtEnd = true;
    this.requestUpdate();
  }

  override willUpdate(): void {
    this.#keeper.hold();
    this.#news.take(this.entries, this.room, this.isAtEnd);
    const keys = new Set(this.entries.map(({ key }) => key));
    if (!this.#tabbable || !keys.has(this.#tabbable)) this.#tabbable = this.entries.at(-1)?.key ?? null;
  }

  override firstUpdated(): void {
    this.#observe();
  }

  override updated(): void {
    if (this.#isShown || this.entries.length === 0) {
      this.#keeper.restore(!this.hasNewer);
    } else {
      this.#isShown = true;
      this.#showFirst();
    }
    this.#loadMore();
    if (this.isAtEnd) this.dispatchEvent(new CustomEvent('seen'));
  }

  override render() {
    const rows = rowsOf(this.entries, this.room.you.member_id, this.unreadAfter);
    const bySeq = new Map(this.entries.map((entry) => [entry.seq, entry]));
    const seenSeq = this.#seenSeq();
    return html`
      <div
        class="scroller"
        role="log"
        aria-live="off"
        aria-label=${t('messagesLog')}
        @scroll=${this.#scrolled}
        @pointerover=${this.#hover}
        @pointerleave=${() => this.#activate(null)}
        @focusin=${this.#focused}
        @keydown=${this.#key}
      >
        <div class="rows">
          ${this.hasOlder ? html`<div class="older">${t('loading')}</div>` : ''}
          ${repeat(
            rows,
            ({ key }) => key,
            (row) => this.#row(row, bySeq, seenSeq),
          )}
        </div>
      </div>
      ${this.#pill()}
      <div class="sr" aria-live="polite">${repeat(
        this.#news.spoken,
        ({ key }) => key,
        ({ text }) => html`<p>${text}</p>`,
      )}</div>
    `;
  }

  get #scroller(): HTMLElement | null {
    return this.renderRoot?.querySelector<HTMLElement>('.scroller') ?? null;
  }

  #row(row: Row, bySeq: Map<number | null, Entry>, seenSeq: number | null) {
    if (row.kind === 'day') {
      return html`<h3 class="day">${dayLabel(row.at, new Date(), this.form)}</h3>`;
    }
    if (row.kind === 'unread') return html`<h3 class="unread">${t('newDivider')}</h3>`;
    const { entry } = row;
    const view: MessageView = {
      room: this.room,
      quoted: entry.reply_to == null ? null : (bySeq.get(entry.reply_to) ?? null),
      isActive: row.key === this.activeKey,
      isTabbable: row.key === this.#tabbable,
      isFlashing: entry.seq !== null && entry.seq === this.flashSeq,
      isSeen: entry.seq !== null && entry.seq === seenSeq,
      may: this.may,
      act: (action) => this.#act(action),
    };
    const { members, you } = this.room;
    return guard(
      [
        entry,
        row.isGrouped,
        row.isLast,
        view.quoted,
        view.isActive,
        view.isTabbable,
        view.isFlashing,
        view.isSeen,
        members,
        you.member_id,
        this.may,
      ],
      () => messageRow(row, view),
    );
  }

  /** The newest of the viewer's messages that the one other side has read. */
  #seenSeq(): number | null {
    const { room } = this;
    if (room.kind === 'group') return null;
    const others = room.members.filter(({ id }) => id !== room.you.member_id);
    const read = others.length === 1 ? (others[0]?.read ?? 0) : 0;
    const own = this.entries.findLast((it) => it.seq !== null && isOwn(it, room.you.member_id));
    return own?.seq && own.seq <= read ? own.seq : null;
  }

  #pill() {
    if (this.isAtEnd || this.entries.length === 0) return '';
    const { count } = this.#news;
    return html`<button class="pill ${count ? 'news' : ''}" aria-label=${t('newMessages', { n: count })} @click=${() => this.jumpToEnd()}>
      ${count ? t('newMessages', { n: count }) : ''} ${icon('down', 18)}
    </button>`;
  }

  #act(action: Action): void {
    if (action.act === 'jump' && action.entry.reply_to != null) void this.jump(action.entry.reply_to);
    else this.dispatchEvent(new CustomEvent('act', { detail: action }));
  }

  /** Where one begins to read: at the first unread message, else at the end. */
  #showFirst(): void {
    const line = this.renderRoot.querySelector('.unread');
    this.#keeper.isAtEnd = !line;
    this.#keeper.restore(!this.hasNewer);
    line?.scrollIntoView({ block: 'center' });
    this.#keeper.look();
    this.requestUpdate();
  }

  #observe(): void {
    const scroller = this.#scroller;
    if (scroller) this.#resize.observe(scroller);
    const rows = scroller?.firstElementChild;
    if (rows) this.#resize.observe(rows);
  }

  #resized(): void {
    const scroller = this.#scroller;
    if (scroller && this.isAtEnd) scroller.scrollTop = scroller.scrollHeight;
  }

  #scrolled(): void {
    const wasAtEnd = this.isAtEnd;
    this.#keeper.look();
    if (wasAtEnd !== this.isAtEnd) this.requestUpdate();
    this.#loadMore();
  }

  async #loadMore(): Promise<void> {
    const [it, loader] = [this.#scroller, this.loader];
    if (!it || !loader || this.#isLoading || !this.#isShown) return;
    const below = it.scrollHeight - it.scrollTop - it.clientHeight;
    const load =
      this.hasOlder && it.scrollTop < AHEAD_PX
        ? () => loader.loadOlder()
        : this.hasNewer && below < AHEAD_PX
          ? () => loader.loadNewer()
          : null;
    if (!load) return;
    this.#isLoading = true;
    // What fails is shown by the room, which tries again.
    await load().catch(() => new Promise((resolve) => setTimeout(resolve, 2_000)));
    await this.updateComplete;
    this.#isLoading = false;
    if (this.isConnected) void this.#loadMore();
  }

  #hover(event: PointerEvent): void {
    if (event.pointerType === 'mouse') this.#activate(keyOf(event.target));
  }

  #focused(event: FocusEvent): void {
    const key = keyOf(event.target);
    if (!key) return;
    this.#tabbable = key;
    this.#activate(key);
  }

  /** The row whose actions are shown: the one under the pointer, else the one with the focus. */
  #activate(key: string | null): void {
    const focused = keyOf((this.renderRoot as ShadowRoot).activeElement);
    this.activeKey = key ?? focused;
  }

  #key(event: KeyboardEvent): void {
    const rows = [...this.renderRoot.querySelectorAll<HTMLElement>('[data-key]')];
    const at = rows.findIndex((row) => row.dataset.key === keyOf(event.target));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (event.key === 'Escape' && at >= 0 && event.target !== rows[at]) {
      event.stopPropagation();
      rows[at]?.focus();
    }
    if (to === undefined || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    rows[Math.max(0, Math.min(to, rows.length - 1))]?.focus();
  }

  #rowOf(seq: number): Element | null {
    return this.renderRoot.querySelector(`[data-seq="${seq}"]`);
  }
}

/** The row that something belongs to. */
function keyOf(target: EventTarget | null): string | null {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-key]') : null;
  return row?.dataset.key ?? null;
}

customElements.define('ui-log', Log);
