import { html, LitElement } from 'lit';
import { createRef, ref } from 'lit/directives/ref.js';
import type { Me, Parlour, Person, RoomHandle, RoomState } from 'parlour-client';
import { base, controls } from 'parlour-ui/base.ts';
import type { Config } from 'parlour-ui/config.ts';
import { ConnectionWatch } from 'parlour-ui/connection.ts';
import { icon } from 'parlour-ui/icons.ts';
import { layout } from 'parlour-ui/layout.ts';
import type { WindowedList } from 'parlour-ui/list.ts';
import { t } from 'parlour-ui/locale.ts';
import { isOverlayShown } from 'parlour-ui/overlay.ts';
import 'parlour-ui/person-search.ts';
import type { PersonSearch } from 'parlour-ui/person-search.ts';
import { Router } from 'parlour-ui/router.ts';
import { emptyState, errorState, skeletons, states } from 'parlour-ui/states.ts';
import { attempt } from 'parlour-ui/toast.ts';
import { Watch } from 'parlour-ui/watch.ts';
import { appStyle } from './app-style.ts';
import { Canned } from './canned.ts';
import './desk-list.ts';
import './desk-room.ts';
import type { DeskRoom } from './desk-room.ts';
import { showKeys } from './keys.ts';
import './reports.ts';

/** Instead of a room's id in the address. */
const REPORTS = 'reports';

/** The dashboard: the desk's queue on the left, a conversation or the reports on the right. */
class DeskApp extends LitElement {
  static override properties = {
    parlour: { attribute: false },
    config: { attribute: false },
    me: { state: true },
    state: { state: true },
    place: { state: true },
  };
  declare parlour: Parlour;
  declare config: Config;
  declare me: Me | null;
  declare state: RoomState;
  /** What is on the right. */
  declare place: RoomHandle | typeof REPORTS | null;

  static override styles = [base, controls, states, layout, appStyle];

  readonly #router = new Router('/desk');
  readonly #watch = new Watch(this);
  readonly #connection = new ConnectionWatch(this);
  readonly #list = createRef<WindowedList<{ id: string }>>();
  readonly #room = createRef<DeskRoom>();
  readonly #search = createRef<PersonSearch>();
  #canned = new Canned('', []);
  #stopRouting = () => {};

  constructor() {
    super();
    this.me = null;
    this.state = 'active';
    this.place = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stopRouting = this.#router.subscribe(() => this.#route());
    this.#watch.set(this.parlour.desk('active'), this.parlour.desk('archived'));
    this.#connection.watch(this.parlour);
    addEventListener('keydown', this.#key);
    this.#route();
    void this.#load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stopRouting();
    removeEventListener('keydown', this.#key);
    this.#openRoom()?.close();
    this.place = null;
  }

  override updated(): void {
    const { unreadRooms } = this.parlour.desk('active').snapshot;
    document.title = (unreadRooms ? `(${unreadRooms}) ` : '') + (this.config.title ?? t('supportChats'));
  }

  override render() {
    return html`<div class="page ${this.place ? 'detail' : ''}">
      <nav class="side" aria-label=${t('supportChats')}>
        <header>
          <h1>${this.config.title ?? t('supportChats')}</h1>
          <button class="icon-button" aria-label=${t('reports')} title=${t('reports')} aria-pressed=${String(this.place === REPORTS)} @click=${() => this.#router.go(REPORTS)}>${icon('flag')}</button>
          <button class="icon-button" aria-label=${t('help')} title=${t('help')} @click=${showKeys}>${icon('help')}</button>
        </header>
        <ui-person-search class="search" ${ref(this.#search)} .parlour=${this.parlour} @pick=${this.#pick}></ui-person-search>
        <div class="tabs" role="tablist">${this.#tab('active')} ${this.#tab('archived')}</div>
        ${this.#connection.banner()}
        <div class="panel" id="panel" role="tabpanel" aria-labelledby=${`tab-${this.state}`}>${this.#queue()}</div>
      </nav>
      <main class="main">${this.#detail()}</main>
    </div>`;
  }

  #tab(state: RoomState) {
    const { unreadRooms, hasMore } = this.parlour.desk(state).snapshot;
    const isSelected = this.state === state;
    const count = `${unreadRooms}${hasMore ? '+' : ''}`;
    return html`<button
      id=${`tab-${state}`}
      role="tab"
      aria-selected=${String(isSelected)}
      aria-controls="panel"
      tabindex=${isSelected ? 0 : -1}
      @click=${() => this.#show(state)}
      @keydown=${this.#tabKey}
    >
      ${t(state)} ${unreadRooms ? html`<span class="badge">${count}<span class="sr"> ${t('unread')}</span></span>` : ''}
    </button>`;
  }

  #queue() {
    const list = this.parlour.desk(this.state);
    const { isLoaded, rooms, hasMore, error } = list.snapshot;
    if (!isLoaded && error) {
      const title = error.code === 'token' ? t('errorSignedOut') : t('errorList');
      return errorState(title, error.message, () => void this.#load());
    }
    if (!isLoaded) return skeletons(7);
    if (rooms.length === 0) {
      return this.state === 'active'
        ? emptyState('check', t('deskEmptyActive'), t('deskEmptyActiveText'))
        : emptyState('archive', t('deskEmptyArchived'), t('deskEmptyArchivedText'));
    }
    return html`<desk-list
      ${ref(this.#list)}
      .items=${rooms}
      .hasMore=${hasMore}
      .selected=${this.#openRoom()?.id ?? null}
      .label=${t(this.state)}
      .router=${this.#router}
      @more=${() => void list.loadMore().catch(() => {})}
    ></desk-list>`;
  }

  #detail() {
    const { place } = this;
    if (place === null) return emptyState('inbox', t('deskPick'), t('deskPickText'));
    const back = () => this.#router.go(null);
    if (place === REPORTS) {
      return html`<button class="icon-button up" aria-label=${t('back')} @click=${back}>${icon('back')}</button>
        <desk-reports .parlour=${this.parlour}></desk-reports>`;
    }
    return html`<desk-room
      ${ref(this.#room)}
      .parlour=${this.parlour}
      .handle=${place}
      .canned=${this.#canned}
      .owner=${this.me?.id ?? ''}
      .seq=${this.#router.seq}
      @back=${back}
    ></desk-room>`;
  }

  #openRoom(): RoomHandle | null {
    return this.place === REPORTS ? null : this.place;
  }

  async #load(): Promise<void> {
    this.me = await this.parlour.me().catch(() => null);
    if (this.me) this.#canned = new Canned(this.me.id, this.config.canned);
    // What fails is in the list's snapshot.
    await this.parlour
      .desk(this.state)
      .load()
      .catch(() => {});
  }

  #show(state: RoomState): void {
    this.state = state;
    if (!this.parlour.desk(state).snapshot.isLoaded) void this.#load();
  }

  #route(): void {
    const { id } = this.#router;
    if (id === (this.#openRoom()?.id ?? this.place)) return;
    this.#openRoom()?.close();
    this.place = id === null || id === REPORTS ? id : this.parlour.room(id);
  }

  async #pick({ detail }: CustomEvent<Person>): Promise<void> {
    this.#search.value?.clear();
    await attempt(async () => {
      const room = await this.parlour.open({ kind: 'support', user: detail.id });
      this.#router.go(room.id);
    });
  }

  #tabKey = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    this.#show(this.state === 'active' ? 'archived' : 'active');
    void this.updateComplete.then(() =>
      this.renderRoot.querySelector<HTMLElement>(`#tab-${this.state}`)?.focus(),
    );
  };

  /** Keys of the whole page, unless something is being written or a dialog is open. */
  #key = (event: KeyboardEvent) => {
    const target = event.composedPath()[0];
    const isWriting = target instanceof Element && target.matches('input, textarea, select');
    if (event.defaultPrevented || event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    const isPopup = (it: EventTarget) => it instanceof Element && it.matches('[popover]');
    if (isOverlayShown() || event.composedPath().some(isPopup)) return;
    if (isWriting) {
      if (event.key === 'Escape') (target as HTMLElement).blur();
      return;
    }
    const act = this.#action(event.key, target);
    if (!act) return;
    event.preventDefault();
    act();
  };

  #action(key: string, target: EventTarget | undefined): (() => void) | null {
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[key];
    if (step) return () => this.#move(step, target);
    if (key === '?') return () => void showKeys();
    const room = this.#room.value;
    if (key === 'Escape' && this.place) return () => this.#leave();
    if (key === 'e' && room) return () => void room.archive();
    if (key === 'r' && room) return () => room.reply();
    return null;
  }

  /** Moves the focus in the queue, from where it is or from the open room. */
  #move(step: number, target: EventTarget | undefined): void {
    const { rooms } = this.parlour.desk(this.state).snapshot;
    const focused = target instanceof HTMLElement ? target.dataset.id : undefined;
    const at = rooms.findIndex(({ id }) => id === (focused ?? this.#openRoom()?.id));
    const next = rooms[at < 0 ? 0 : Math.max(0, Math.min(at + step, rooms.length - 1))];
    if (next) void this.#list.value?.show(next.id, true);
  }

  #leave(): void {
    const id = this.#openRoom()?.id;
    this.#router.go(null);
    if (id) void this.updateComplete.then(() => this.#list.value?.show(id, true));
  }
}

customElements.define('desk-app', DeskApp);
