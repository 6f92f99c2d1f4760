import { css, html } from 'lit';
import { createRef, ref } from 'lit/directives/ref.js';
import type { OpenRoom, Parlour, Person } from 'parlour-client';
import { t } from 'parlour-ui/locale.ts';
import { Overlay } from 'parlour-ui/overlay.ts';
import 'parlour-ui/person-search.ts';
import type { PersonSearch } from 'parlour-ui/person-search.ts';

/** Chooses people to talk with: one makes a room of two, more make a group. Answers which room to open. */
class NewChat extends Overlay<OpenRoom> {
  static override properties = {
    parlour: { attribute: false },
    without: { attribute: false },
    heads: { attribute: false },
    people: { state: true },
    groupTitle: { state: true },
  };
  declare parlour: Parlour;
  declare without: ReadonlySet<string>;
  /** Adds to a group that there is, rather than making one. */
  declare heads: string | null;
  declare people: readonly Person[];
  declare groupTitle: string;
  readonly #search = createRef<PersonSearch>();

  static override styles = [
    ...Overlay.styles,
    css`
      .chosen {
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
      }
      .chosen button {
        display: flex;
        align-items: center;
        gap: 6px;
        min-height: 30px;
        padding: 0 12px;
        border-radius: 15px;
        background: var(--accent-soft);
        color: var(--accent);
        font-size: 14px;
        font-weight: 600;
        max-width: 100%;
      }
    `,
  ];

  constructor() {
    super();
    this.without = new Set();
    this.heads = null;
    this.people = [];
    this.groupTitle = '';
  }

  protected override heading() {
    return this.heads ?? t('newChat');
  }

  protected override body() {
    const chosen = new Set(this.people.map(({ id }) => id));
    return html`
      ${this.people.length ? html`<div class="chosen">${this.people.map((person) => this.#chip(person))}</div>` : ''}
      <ui-person-search
        ${ref(this.#search)}
        .parlour=${this.parlour}
        .without=${this.without}
        .chosen=${chosen}
        @pick=${({ detail }: CustomEvent<Person>) => this.#toggle(detail)}
      ></ui-person-search>
      ${!this.heads && this.people.length > 1 ? this.#title() : ''}
    `;
  }

  protected override footer() {
    const n = this.people.length;
    return html`
      <span class="quiet" role="status">${n ? t('selected', { n }) : ''}</span>
      <button class="button primary" ?disabled=${n === 0} @click=${() => this.close(this.#room())}>
        ${this.heads ? t('add') : t('startChat')}
      </button>
    `;
  }

  override firstUpdated(): void {
    super.firstUpdated();
    void this.#search.value?.updateComplete.then(() => this.#search.value?.focus());
  }

  #chip(person: Person) {
    const name = person.name ?? person.id;
    return html`<button aria-label="${t('remove')}: ${name}" @click=${() => this.#toggle(person)}>
      <bdi class="truncate">${name}</bdi> <span aria-hidden="true">×</span>
    </button>`;
  }

  #title() {
    return html`<div>
      <label class="label" for="title">${t('titleOptional')}</label>
      <input
        id="title"
        class="field"
        maxlength="200"
        dir="auto"
        @input=${(event: Event) => {
          this.groupTitle = (event.target as HTMLInputElement).value;
        }}
      />
    </div>`;
  }

  #toggle(person: Person): void {
    const without = this.people.filter(({ id }) => id !== person.id);
    this.people = without.length < this.people.length ? without : [...this.people, person];
  }

  #room(): OpenRoom {
    const members = this.people.map(({ id }) => id);
    const [first = ''] = members;
    const title = this.groupTitle.trim();
    if (members.length === 1 && !this.heads) return { kind: 'direct', with: first };
    // Its own id, so that a repetition of this call makes no second room.
    return { kind: 'group', members, client_id: crypto.randomUUID(), ...(title ? { title } : {}) };
  }
}

customElements.define('chat-new', NewChat);

/** Asks with whom to talk. */
export function askForPeople(
  parlour: Parlour,
  without: ReadonlySet<string>,
  heads: string | null = null,
): Promise<OpenRoom | null> {
  const element = new NewChat();
  Object.assign(element, { parlour, without, heads });
  return element.open();
}
