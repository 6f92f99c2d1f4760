import { css, html, LitElement, type PropertyValues } from 'lit';
import { createRef, ref } from 'lit/directives/ref.js';
import type { Draft, Entry, Room, RoomHandle } from 'parlour-client';
import { ask } from './ask.ts';
import { base, controls } from './base.ts';
import type { Composer, Context } from './composer.ts';
import './composer.ts';
import type { DayForm } from './dates.ts';
import { pickEmoji } from './emoji.ts';
import { t } from './locale.ts';
import './log.ts';
import type { Log } from './log.ts';
import type { Act, Action } from './message.ts';
import { entrySender } from './people.ts';
import { isOwn } from './rows.ts';
import { emptyState, errorState, skeletons, states } from './states.ts';
import { attempt, toast } from './toast.ts';
import { typingText } from './typing-line.ts';
import { Watch } from './watch.ts';

type SentEntry = Extract<Entry, { status: 'sent' }>;

const LIMITS: Partial<Record<Room['kind'], number>> = { match: 500 };
const USUAL_LIMIT = 10_000;

/** The log of a room, who types in it, and the input. Emits `canned` with the element to show saved replies at. */
export class Conversation extends LitElement {
  static override properties = {
    handle: { attribute: false },
    owner: {},
    form: {},
    may: { attribute: false },
    hasStickers: { attribute: false },
    hasCanned: { attribute: false },
    seq: { attribute: false },
    replying: { state: true },
    editing: { state: true },
    unreadAfter: { state: true },
  };
  declare handle: RoomHandle;
  /** Whose drafts these are. */
  declare owner: string;
  declare form: DayForm;
  declare may: ReadonlySet<Act>;
  declare hasStickers: boolean;
  declare hasCanned: boolean;
  /** A message to show first. */
  declare seq: number | null;
  declare replying: SentEntry | null;
  declare editing: SentEntry | null;
  declare unreadAfter: number | null;

  static override styles = [
    base,
    controls,
    states,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-height: 0;
        flex: 1;
      }
      ui-log,
      .rest {
        flex: 1;
        min-height: 0;
      }
      .typing {
        height: 20px;
        padding: 0 28px;
        font-size: 13px;
        color: var(--muted);
      }
    `,
  ];

  readonly #watch = new Watch(this);
  readonly #log = createRef<Log>();
  readonly #composer = createRef<Composer>();
  #isBegun = false;

  constructor() {
    super();
    this.owner = '';
    this.form = 'chat';
    this.may = new Set();
    this.hasStickers = false;
    this.hasCanned = false;
    this.seq = null;
    this.replying = null;
    this.editing = null;
    this.unreadAfter = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('focus', this.#seen);
    document.addEventListener('visibilitychange', this.#seen);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('focus', this.#seen);
    document.removeEventListener('visibilitychange', this.#seen);
  }

  get composer(): Composer | undefined {
    return this.#composer.value;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('handle')) this.#watch.set(this.handle);
    const { status, info, unread } = this.handle.snapshot;
    if (status !== 'ready' || this.#isBegun || !info) return;
    this.#isBegun = true;
    this.unreadAfter = unread > 0 ? info.you.read : null;
    if (this.seq !== null) void this.updateComplete.then(() => this.#log.value?.jump(this.seq ?? 0));
  }

  override render() {
    const { status, info, messages, hasOlder, hasNewer, typing, error } = this.handle.snapshot;
    if (status === 'gone')
      return html`<div class="rest">${emptyState('exit', t('goneTitle'), t('goneText'))}</div>`;
    if (status === 'loading' || !info) {
      const again = () => void this.handle.refresh();
      if (error && !error.isPassing)
        return html`<div class="rest">${errorState(t('errorRoom'), error.message, again)}</div>`;
      return html`<div class="rest">${skeletons(6, 'log')}</div>`;
    }
    return html`
      ${messages.length === 0 ? html`<div class="rest">${emptyState('chat', t('noMessages'), t('noMessagesText'))}</div>` : ''}
      <ui-log
        ?hidden=${messages.length === 0}
        ${ref(this.#log)}
        .room=${info}
        .entries=${messages}
        .hasOlder=${hasOlder}
        .hasNewer=${hasNewer}
        .unreadAfter=${this.unreadAfter}
        .form=${this.form}
        .may=${this.may}
        .loader=${this.handle}
        @act=${this.#act}
        @seen=${this.#seen}
      ></ui-log>
      <p class="typing truncate" aria-live="polite">${typingText(info, typing)}</p>
      <ui-composer
        ${ref(this.#composer)}
        .draftKey=${`parlour-draft:${this.owner}:${this.handle.id}`}
        .limit=${LIMITS[info.kind] ?? USUAL_LIMIT}
        .context=${this.#context(info)}
        .hasStickers=${this.hasStickers}
        .hasCanned=${this.hasCanned}
        @post=${this.#post}
        @typing=${({ detail }: CustomEvent<boolean>) => this.#typing(detail)}
        @cancel=${() => this.#cancel()}
        @edit-last=${() => this.#editLast(info)}
        @canned=${({ detail }: CustomEvent<HTMLElement>) => this.dispatchEvent(new CustomEvent('canned', { detail }))}
      ></ui-composer>
    `;
  }

  #context(info: Room): Context | null {
    const about = this.editing ?? this.replying;
    if (!about) return null;
    const kind = this.editing ? 'edit' : 'reply';
    const title = this.editing ? t('editing') : t('replyTo', { name: entrySender(info, about) });
    return { kind, title, text: about.body ?? '' };
  }

  #post({ detail }: CustomEvent<{ body: string; type: 'text' | 'sticker' }>): void {
    const { editing, replying } = this;
    if (editing && detail.type === 'text') {
      this.editing = null;
      if (detail.body !== editing.body) void attempt(() => this.handle.edit(editing.seq, detail.body));
      return;
    }
    this.replying = null;
    this.unreadAfter = null;
    const draft: Draft = replying ? { ...detail, replyTo: replying.seq } : detail;
    this.handle.post(draft);
    void this.updateComplete.then(() => this.#log.value?.jumpToEnd());
  }

  #typing(isTyping: boolean): void {
    this.handle.setTyping(isTyping && !this.editing);
    this.dispatchEvent(new CustomEvent('typing', { detail: isTyping }));
  }

  #cancel(): void {
    if (this.editing) this.composer?.set('');
    this.editing = null;
    this.replying = null;
  }

  #editLast(info: Room): void {
    const own = this.handle.messages.findLast(
      (it): it is SentEntry =>
        it.status === 'sent' && isOwn(it, info.you.member_id) && !it.deleted_at && it.type === 'text',
    );
    if (own && this.may.has('edit')) this.#edit(own);
  }

  #edit(entry: SentEntry): void {
    this.replying = null;
    this.editing = entry;
    this.composer?.set(entry.body ?? '');
  }

  #act({ detail }: CustomEvent<Action>): void {
    const { act, entry } = detail;
    if (entry.status !== 'sent') {
      if (act === 'retry') this.handle.retry(entry.client_id);
      if (act === 'discard') this.handle.discard(entry.client_id);
      return;
    }
    if (act === 'reply') {
      this.editing = null;
      this.replying = entry;
      this.composer?.focus();
    }
    if (act === 'edit') this.#edit(entry);
    if (act === 'react') void this.#react(entry, detail);
    if (act === 'delete') void this.#delete(entry);
    if (act === 'report') void this.#report(entry);
  }

  async #react(entry: SentEntry, { emoji, anchor }: Action): Promise<void> {
    const chosen = emoji ?? (anchor ? await pickEmoji(anchor) : null);
    if (!chosen) return;
    const isMine = entry.reactions.some((it) => it.emoji === chosen && it.mine);
    await attempt(() =>
      isMine ? this.handle.unreact(entry.seq, chosen) : this.handle.react(entry.seq, chosen),
    );
  }

  async #delete(entry: SentEntry): Promise<void> {
    const question = {
      title: t('deleteTitle'),
      text: t('deleteText'),
      confirm: t('delete'),
      isDangerous: true,
    };
    if ((await ask(question)) !== null) await attempt(() => this.handle.delete(entry.seq));
  }

  async #report(entry: SentEntry): Promise<void> {
    const reason = await ask({
      title: t('reportTitle'),
      text: t('reportText'),
      confirm: t('report'),
      isDangerous: true,
      field: { label: t('reportReason'), isRequired: true, isLong: true, maxLength: 1_000 },
    });
    if (reason && (await attempt(() => this.handle.report(entry.seq, reason)))) toast(t('reported'));
  }

  /** What is in view counts as read while the person is looking. */
  #seen = () => {
    const { status, unread } = this.handle.snapshot;
    const isLooking = document.visibilityState === 'visible' && document.hasFocus();
    if (status === 'ready' && unread > 0 && isLooking && this.#log.value?.isAtEnd) this.handle.markRead();
  };
}

customElements.define('ui-conversation', Conversation);
