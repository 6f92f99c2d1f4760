import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import type { Parlour, Person, Room } from 'parlour-client';
import 'parlour-ui/avatar.ts';
import { base, controls } from 'parlour-ui/base.ts';
import { ago, dateOf, daysBetween } from 'parlour-ui/dates.ts';
import { icon } from 'parlour-ui/icons.ts';
import { t } from 'parlour-ui/locale.ts';
import { accountOf, faceOf, nameOf, othersOf, titleOf } from 'parlour-ui/people.ts';
import { Ticker } from 'parlour-ui/ticker.ts';

/** Who or what a room is with. Emits `back` and `menu` with the button. */
class RoomHead extends LitElement {
  static override properties = {
    parlour: { attribute: false },
    room: { attribute: false },
    person: { state: true },
  };
  declare parlour: Parlour;
  declare room: Room;
  declare person: Person | null;

  static override styles = [
    base,
    controls,
    css`
      header {
        display: flex;
        align-items: center;
        gap: 12px;
        min-height: 68px;
        padding: 10px 12px 10px 20px;
        border-bottom: 1px solid var(--line);
      }
      :host(:dir(rtl)) header {
        padding: 10px 20px 10px 12px;
      }
      .back {
        display: none;
      }
      div {
        flex: 1;
        min-width: 0;
      }
      h2 {
        font-size: 16px;
        line-height: 1.3;
        letter-spacing: -0.01em;
      }
      p {
        font-size: 13px;
        color: var(--muted);
      }
      .banner {
        display: flex;
        align-items: center;
        gap: 10px;
        padding: 9px 20px;
        background: var(--warn-soft);
        color: var(--on-warn);
        font-size: 13.5px;
      }
      .icon {
        flex: none;
      }
      @media (max-width: 720px) {
        .back {
          display: inline-grid;
        }
        header {
          padding-inline-start: 8px;
        }
      }
    `,
  ];

  constructor() {
    super();
    this.person = null;
    new Ticker(this);
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get('room') as Room | undefined;
    if (changed.has('room') && before?.id !== this.room.id) {
      this.person = null;
      void this.#fetch();
    }
  }

  override render() {
    const { room } = this;
    const face = faceOf(room);
    return html`<header>
        <button class="icon-button back" aria-label=${t('back')} @click=${() => this.dispatchEvent(new CustomEvent('back'))}>
          ${icon('back')}
        </button>
        <ui-avatar .who=${face.id} .name=${face.name} .picture=${face.picture} .online=${this.person?.online === true}></ui-avatar>
        <div>
          <h2 class="truncate" dir="auto">${titleOf(room)}</h2>
          <p class="truncate">${this.#about()}</p>
        </div>
        <button
          class="icon-button"
          aria-label=${t('more')}
          aria-haspopup="menu"
          aria-expanded="false"
          @click=${(event: Event) => this.dispatchEvent(new CustomEvent('menu', { detail: event.currentTarget }))}
        >
          ${icon('more')}
        </button>
      </header>
      ${this.#banner() ?? nothing}`;
  }

  /** Karma and days on the site, as far as they are known; else what sort of room it is. */
  #about(): string {
    const { room, person } = this;
    if (room.kind === 'group') return t('membersCount', { n: room.member_count });
    if (room.kind === 'match') return room.group?.name ?? '';
    if (room.kind === 'support') return t('support');
    if (room.kind === 'listing') return othersOf(room).map(nameOf).join(', ');
    const now = new Date();
    const parts: string[] = [];
    if (person?.karma != null) parts.push(t('karma', { n: person.karma }));
    if (person?.joined_at) parts.push(t('daysHere', { n: daysBetween(new Date(person.joined_at), now) }));
    if (person?.online) parts.push(t('online'));
    else if (person?.last_seen) parts.push(t('lastSeen', { ago: ago(new Date(person.last_seen), now) }));
    return parts.join(' · ');
  }

  /** Until the date of a secret gift: who knows what. From then on: who it was. */
  #banner() {
    const { room } = this;
    const [other] = othersOf(room);
    if (room.kind !== 'match' || !room.group || !other) return null;
    const date = dateOf(new Date(room.group.reveal_at));
    const name = nameOf(other);
    const isGiver = room.you.member_id.startsWith('alias:');
    const alias = room.members.find(({ id }) => id === room.you.member_id)?.name ?? '';
    const { revealed } = room.group;
    const text = isGiver
      ? t(revealed ? 'aliasTold' : 'aliasBanner', { alias, name, date })
      : t(revealed ? 'matchRevealed' : 'matchBanner', { name, date });
    return html`<p class="banner" role="note">${icon('gift')} <span dir="auto">${text}</span></p>`;
  }

  async #fetch(): Promise<void> {
    const { room } = this;
    const [other] = othersOf(room);
    if (room.kind !== 'direct' || !other) return;
    const person = await this.parlour.people.get(accountOf(other)).catch(() => null);
    if (this.room.id === room.id) this.person = person;
  }
}

customElements.define('chat-room-head', RoomHead);
