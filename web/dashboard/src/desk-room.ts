import { css, html, LitElement, type PropertyValues } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { createRef, ref } from 'lit/directives/ref.js';
import { type Parlour, ParlourError, type Person, type Room, type RoomHandle } from 'parlour-client';
import 'parlour-ui/avatar.ts';
import { base, controls } from 'parlour-ui/base.ts';
import 'parlour-ui/conversation.ts';
import type { Conversation } from 'parlour-ui/conversation.ts';
import { dateOf } from 'parlour-ui/dates.ts';
import { icon } from 'parlour-ui/icons.ts';
import { t } from 'parlour-ui/locale.ts';
import type { Act } from 'parlour-ui/message.ts';
import { nameOf, titleOf } from 'parlour-ui/people.ts';
import { attempt, toast } from 'parlour-ui/toast.ts';
import { Watch } from 'parlour-ui/watch.ts';
import type { Canned } from './canned.ts';
import { chooseCanned } from './canned-menu.ts';
import { askDespite } from './more-came.ts';

const MAY: ReadonlySet<Act> = new Set(['react', 'reply', 'edit', 'delete']);

/** A room of the queue: who the user is, the conversation, and putting it away. Emits `back`. */
export class DeskRoom extends LitElement {
  static override properties = {
    parlour: { attribute: false },
    handle: { attribute: false },
    canned: { attribute: false },
    owner: {},
    seq: { attribute: false },
    person: { state: true },
    isBusy: { state: true },
  };
  declare parlour: Parlour;
  declare handle: RoomHandle;
  declare canned: Canned;
  declare owner: string;
  declare seq: number | null;
  declare person: Person | null;
  declare isBusy: boolean;

  static override styles = [
    base,
    controls,
    css`
      :host {
        display: flex;
        flex-direction: column;
        height: 100%;
        min-height: 0;
      }
      header {
        display: flex;
        align-items: center;
        gap: 12px;
        min-height: 76px;
        padding: 10px 16px 10px 20px;
        border-bottom: 1px solid var(--line);
      }
      .back {
        display: none;
      }
      .who {
        flex: 1;
        min-width: 0;
      }
      h2 {
        font-size: 16px;
        line-height: 1.3;
        letter-spacing: -0.01em;
      }
      .facts {
        display: flex;
        flex-wrap: wrap;
        gap: 0 14px;
        font-size: 13px;
        color: var(--muted);
      }
      .facts span {
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .others {
        display: flex;
        align-items: center;
        gap: 8px;
        padding: 7px 20px;
        background: var(--accent-soft);
        color: var(--accent);
        font-size: 13px;
        font-weight: 600;
      }
      .icon {
        flex: none;
      }
      @media (max-width: 720px) {
        .back {
          display: inline-grid;
        }
        header {
          padding: 10px 8px;
        }
        .id,
        .since,
        .archive span {
          display: none;
        }
        .archive {
          padding: 0 11px;
        }
      }
    `,
  ];

  readonly #watch = new Watch(this);
  readonly #conversation = createRef<Conversation>();
  #isTyping = false;
  #fetched: string | null = null;

  constructor() {
    super();
    this.person = null;
    this.isBusy = false;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.parlour.viewing.look(null);
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('handle')) {
      this.#watch.set(this.handle, this.parlour.viewing);
      this.#isTyping = false;
      this.person = null;
    }
    this.#tell();
    void this.#fetch();
  }

  override render() {
    const { info, status } = this.handle.snapshot;
    return html`
      ${info && status !== 'gone' ? this.#head(info) : ''}
      <div role="status">${this.#others()}</div>
      ${keyed(
        this.handle,
        html`<ui-conversation
          ${ref(this.#conversation)}
          .handle=${this.handle}
          .owner=${this.owner}
          .may=${MAY}
          .form=${'desk'}
          .hasCanned=${true}
          .seq=${this.seq}
          @typing=${({ detail }: CustomEvent<boolean>) => this.#tell(detail)}
          @canned=${({ detail }: CustomEvent<HTMLElement>) => this.#insert(detail)}
        ></ui-conversation>`,
      )}
    `;
  }

  /** Puts the room away, or takes it back; where more came than was seen, asks again. */
  async archive(): Promise<void> {
    const { info, messages } = this.handle.snapshot;
    if (!info || this.isBusy) return;
    this.isBusy = true;
    if (info.state === 'archived') {
      if (await attempt(() => this.parlour.rooms.unarchive(info.id))) toast(t('restoredToast'));
    } else {
      const seen = messages.findLast((entry) => entry.seq !== null)?.seq ?? 0;
      await this.#archive(seen);
    }
    // An answer that was under way before may have put the row back as it was.
    for (const list of [this.parlour.desk('active'), this.parlour.desk('archived')])
      if (list.snapshot.isLoaded) void list.refresh(info.id);
    this.isBusy = false;
  }

  reply(): void {
    this.#conversation.value?.composer?.focus();
  }

  async #archive(seen: number): Promise<void> {
    const { rooms } = this.parlour;
    const { id } = this.handle;
    let more = false;
    const done = await attempt(async () => {
      try {
        await rooms.archive(id, seen);
      } catch (error) {
        more = error instanceof ParlourError && error.code === 'more_came';
        if (!more) throw error;
      }
    });
    if (more && !(await askDespite(this.handle, seen, () => rooms.archive(id)))) return;
    if (done) toast(t('archivedToast'), () => void attempt(() => rooms.unarchive(id)));
  }

  #head(info: Room) {
    const user = info.user;
    const name = user ? nameOf(user) : titleOf(info);
    const email = user?.email ?? this.person?.email;
    const since = dateOf(new Date(this.person?.joined_at ?? info.created_at));
    const isArchived = info.state === 'archived';
    const label = t(isArchived ? 'restore' : 'archive');
    return html`<header>
      <button class="icon-button back" aria-label=${t('back')} @click=${() => this.dispatchEvent(new CustomEvent('back'))}>${icon('back')}</button>
      <ui-avatar .who=${user?.id ?? info.id} .name=${name} .picture=${user?.picture ?? null} .online=${this.person?.online === true}></ui-avatar>
      <div class="who">
        <h2 class="truncate" dir="auto">${name}</h2>
        <p class="facts">
          ${info.listing ? html`<span dir="auto">${info.listing.title}</span>` : ''}
          ${email ? html`<span class="email">${email}</span>` : ''}
          ${user ? html`<span class="id" dir="auto">${user.user_id ?? user.id}</span>` : ''}
          <span class="since">${t('since', { date: since })}</span>
        </p>
      </div>
      <button class="button archive" aria-label=${label} ?disabled=${this.isBusy} @click=${() => this.archive()}>
        ${icon(isArchived ? 'restore' : 'archive', 18)} <span>${label}</span>
      </button>
    </header>`;
  }

  #others() {
    const others = this.parlour.viewing.of(this.handle.id);
    if (others.length === 0) return '';
    const typing = others.filter(({ isTyping }) => isTyping);
    const names = (typing.length ? typing : others).map(({ name }) => name).join(', ');
    return html`<p class="others">${icon('eye', 16)} ${t(typing.length ? 'viewingTyping' : 'viewing', { names })}</p>`;
  }

  async #insert(anchor: HTMLElement): Promise<void> {
    const reply = await chooseCanned(anchor, this.canned);
    if (reply) this.#conversation.value?.composer?.insert(reply);
    else this.reply();
  }

  /** Tells the other agents what is done here. */
  #tell(isTyping = this.#isTyping): void {
    this.#isTyping = isTyping;
    const { info } = this.handle.snapshot;
    this.parlour.viewing.look(this.handle.id, isTyping, info?.you.read ?? 0);
  }

  async #fetch(): Promise<void> {
    const user = this.handle.snapshot.info?.user;
    if (!user || this.#fetched === this.handle.id) return;
    const id = this.handle.id;
    this.#fetched = id;
    const person = await this.parlour.people.get(user.user_id ?? user.id).catch(() => null);
    if (this.handle.id === id) this.person = person;
  }
}

customElements.define('desk-room', DeskRoom);
