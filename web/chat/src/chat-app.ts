import { css, html, LitElement, type PropertyValues } from 'lit';
import { createRef, ref } from 'lit/directives/ref.js';
import type { Me, OpenRoom, Parlour, Room, RoomHandle } from 'parlour-client';
import { base, controls } from 'parlour-ui/base.ts';
import type { Config } from 'parlour-ui/config.ts';
import { ConnectionWatch } from 'parlour-ui/connection.ts';
import { icon } from 'parlour-ui/icons.ts';
import { layout } from 'parlour-ui/layout.ts';
import { t } from 'parlour-ui/locale.ts';
import { Router } from 'parlour-ui/router.ts';
import { emptyState, errorState, skeletons, states } from 'parlour-ui/states.ts';
import { attempt } from 'parlour-ui/toast.ts';
import { Watch } from 'parlour-ui/watch.ts';
import './chat-list.ts';
import './chat-room.ts';
import { askForPeople } from './new-chat.ts';

/** The chat: one's rooms on the left, one of them on the right; on a phone one of both. */
export class ChatApp extends LitElement {
  static override properties = {
    parlour: { attribute: false },
    config: { attribute: false },
    me: { state: true },
    handle: { state: true },
  };
  declare parlour: Parlour;
  declare config: Config;
  declare me: Me | null;
  declare handle: RoomHandle | null;

  static override styles = [
    base,
    controls,
    states,
    layout,
    css`
    .welcome {
      position: absolute;
      inset: 0;
      z-index: 1;
      background: var(--surface);
    }
  `,
  ];

  readonly #router = new Router('/inbox');
  readonly #watch = new Watch(this);
  readonly #connection = new ConnectionWatch(this);
  readonly #room = createRef<LitElement>();
  #stopRouting = () => {};

  constructor() {
    super();
    this.me = null;
    this.handle = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stopRouting = this.#router.subscribe(() => this.#route());
    this.#watch.set(this.parlour.inbox);
    this.#connection.watch(this.parlour);
    this.#route();
    void this.#load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stopRouting();
    this.handle?.close();
    this.handle = null;
  }

  override updated(_changed: PropertyValues<this>): void {
    const { unread } = this.parlour.inbox.snapshot;
    document.title = (unread ? `(${unread}) ` : '') + (this.config.title ?? t('chats'));
  }

  override render() {
    const { inbox } = this.parlour;
    const isEmpty = inbox.snapshot.isLoaded && inbox.snapshot.rooms.length === 0 && !this.handle;
    return html`<div class="page ${this.handle ? 'detail' : ''}">
      <nav class="side" aria-label=${t('chats')}>
        <header>
          <h1>${this.config.title ?? t('chats')}</h1>
          <button class="button primary" @click=${this.#create}>${icon('compose', 18)} ${t('createChat')}</button>
        </header>
        ${this.#connection.banner()} ${this.#list()}
        ${this.me ? html`<footer><ui-avatar size="small" .who=${this.me.id} .name=${this.me.name ?? this.me.id} .picture=${this.me.picture ?? null}></ui-avatar><bdi class="truncate">${this.me.name ?? this.me.id}</bdi></footer>` : ''}
      </nav>
      <main class="main">
        ${isEmpty ? this.#welcome() : this.#detail()}
      </main>
    </div>`;
  }

  #list() {
    const { isLoaded, rooms, hasMore, error } = this.parlour.inbox.snapshot;
    if (!isLoaded && error) {
      const title = error.code === 'token' ? t('errorSignedOut') : t('errorList');
      return errorState(title, error.message, () => void this.#load());
    }
    if (!isLoaded) return skeletons(7);
    return html`<chat-list
      .items=${pinnedFirst(rooms)}
      .hasMore=${hasMore}
      .selected=${this.handle?.id ?? null}
      .label=${t('chats')}
      .router=${this.#router}
      @more=${() => void this.parlour.inbox.loadMore().catch(() => {})}
    ></chat-list>`;
  }

  #detail() {
    if (!this.handle) return emptyState('chat', t('pickChat'), t('pickChatText'));
    return html`<chat-room
      ${ref(this.#room)}
      .parlour=${this.parlour}
      .handle=${this.handle}
      .owner=${this.me?.id ?? ''}
      .seq=${this.#router.seq}
      @back=${() => this.#router.go(null)}
    ></chat-room>`;
  }

  #welcome() {
    return html`<div class="welcome">
      ${emptyState('chat', t('welcome'), t('welcomeText'), html`<button class="button primary" @click=${this.#create}>${t('startNewChat')}</button>`)}
    </div>`;
  }

  async #load(): Promise<void> {
    this.me = await this.parlour.me().catch(() => null);
    // What fails is in the list's snapshot.
    await this.parlour.inbox.load().catch(() => {});
  }

  /** Shows the room of the address, and lets go of the one before. */
  #route(): void {
    const { id } = this.#router;
    if (id === (this.handle?.id ?? null)) return;
    this.handle?.close();
    this.handle = id === null ? null : this.parlour.room(id);
  }

  #create = async () => {
    const without = new Set(this.me ? [this.me.id] : []);
    const which = await askForPeople(this.parlour, without);
    if (which) await attempt(() => this.#open(which));
  };

  async #open(which: OpenRoom): Promise<void> {
    const room = await this.parlour.open(which);
    await this.parlour.inbox.refresh(room.id);
    this.#router.go(room.id);
    await this.updateComplete;
    this.#room.value?.focus();
  }
}

/** In the order of their activity otherwise. */
function pinnedFirst(rooms: readonly Room[]): readonly Room[] {
  const pinned = rooms.filter((room) => room.you.pinned);
  return pinned.length ? [...pinned, ...rooms.filter((room) => !room.you.pinned)] : rooms;
}

customElements.define('chat-app', ChatApp);
