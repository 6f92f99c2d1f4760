import { css, html } from 'lit';
import type { Member, Parlour, Room } from 'parlour-client';
import 'parlour-ui/avatar.ts';
import { icon } from 'parlour-ui/icons.ts';
import { t } from 'parlour-ui/locale.ts';
import { Overlay } from 'parlour-ui/overlay.ts';
import { accountOf, nameOf } from 'parlour-ui/people.ts';
import { attempt } from 'parlour-ui/toast.ts';
import { askForPeople } from './new-chat.ts';

/** Who is in a group: any member may add others, its owner removes them. */
class Members extends Overlay<never> {
  static override properties = {
    parlour: { attribute: false },
    room: { attribute: false },
    members: { state: true },
    next: { state: true },
  };
  declare parlour: Parlour;
  declare room: Room;
  declare members: readonly Member[];
  declare next: string | null;

  static override styles = [
    ...Overlay.styles,
    css`
      li {
        display: flex;
        align-items: center;
        gap: 12px;
        padding: 6px 0;
      }
      li > span {
        flex: 1;
        min-width: 0;
        font-weight: 600;
      }
      small {
        color: var(--muted);
      }
    `,
  ];

  constructor() {
    super();
    this.members = [];
    this.next = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load(true);
  }

  protected override heading() {
    return t('membersCount', { n: this.room.member_count });
  }

  protected override body() {
    const own = this.room.you.member_id;
    const isOwner = this.members.some(({ id, role }) => id === own && role === 'owner');
    return html`
      <ul role="list">
        ${this.members.map((member) => this.#row(member, isOwner && member.id !== own))}
      </ul>
      ${this.next ? html`<button class="button" @click=${() => this.#load(false)}>${t('more')}</button>` : ''}
    `;
  }

  protected override footer() {
    return html`<button class="button primary" @click=${this.#add}>${icon('plus', 18)} ${t('addPeople')}</button>`;
  }

  #row(member: Member, isRemovable: boolean) {
    const name = nameOf(member);
    return html`<li>
      <ui-avatar .who=${member.id} .name=${name} .picture=${member.picture ?? null}></ui-avatar>
      <span class="truncate" dir="auto">${name}${member.id === this.room.you.member_id ? ` (${t('you')})` : ''}</span>
      ${member.role === 'owner' ? html`<small>${t('owner')}</small>` : ''}
      ${isRemovable ? html`<button class="button" aria-label="${t('remove')}: ${name}" @click=${() => this.#remove(member)}>${t('remove')}</button>` : ''}
    </li>`;
  }

  async #load(isFirst: boolean): Promise<void> {
    await attempt(async () => {
      const page = await this.parlour.rooms.members(
        this.room.id,
        isFirst ? undefined : (this.next ?? undefined),
      );
      this.members = isFirst ? page.members : [...this.members, ...page.members];
      this.next = page.next ?? null;
    });
  }

  #add = async () => {
    const without = new Set(this.members.map(accountOf));
    const chosen = await askForPeople(this.parlour, without, t('addPeople'));
    if (!chosen?.members) return;
    const { members } = chosen;
    await attempt(async () => {
      this.room = await this.parlour.rooms.addMembers(this.room.id, members);
    });
    await this.#load(true);
  };

  async #remove(member: Member): Promise<void> {
    if (!(await attempt(() => this.parlour.rooms.removeMember(this.room.id, member.id)))) return;
    this.members = this.members.filter(({ id }) => id !== member.id);
    this.room = { ...this.room, member_count: this.room.member_count - 1 };
  }
}

customElements.define('chat-members', Members);

export function showMembers(parlour: Parlour, room: Room): Promise<null> {
  const element = new Members();
  Object.assign(element, { parlour, room });
  return element.open();
}
