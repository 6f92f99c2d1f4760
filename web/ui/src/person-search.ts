import { css, html, LitElement, nothing } from 'lit';
import type { Parlour, Person } from 'parlour-client';
import './avatar.ts';
import { base, controls } from './base.ts';
import { t } from './locale.ts';

const PAUSE_MS = 200;

/** Finds people by how their name begins. Emits `pick` ({@link Person}). */
export class PersonSearch extends LitElement {
  static override properties = {
    parlour: { attribute: false },
    without: { attribute: false },
    chosen: { attribute: false },
    query: { state: true },
    found: { state: true },
    error: { state: true },
  };
  declare parlour: Parlour;
  /** Ids that are not offered. */
  declare without: ReadonlySet<string>;
  /** Ids that are shown as chosen; null where choosing is one step. */
  declare chosen: ReadonlySet<string> | null;
  declare query: string;
  declare found: readonly Person[] | null;
  declare error: string | null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  static override styles = [
    base,
    controls,
    css`
      ul {
        margin: 8px -10px 0;
        max-height: 292px;
        overflow-y: auto;
        scrollbar-width: thin;
      }
      li button {
        display: flex;
        align-items: center;
        gap: 12px;
        width: 100%;
        padding: 7px 10px;
        border-radius: 12px;
      }
      li button:hover,
      li button[aria-pressed='true'] {
        background: var(--fill);
      }
      li button:focus-visible {
        outline-offset: -2px;
      }
      li span {
        flex: 1;
        min-width: 0;
      }
      strong,
      small {
        display: block;
      }
      small {
        color: var(--muted);
      }
      .mark {
        display: grid;
        place-items: center;
        flex: none;
        width: 22px;
        height: 22px;
        border: 2px solid var(--line-strong);
        border-radius: 50%;
      }
      [aria-pressed='true'] .mark {
        border-color: var(--accent-fill);
        background: var(--accent-fill);
        color: #fff;
        font-size: 13px;
      }
      p {
        padding: 16px 0;
        color: var(--muted);
        text-align: center;
      }
    `,
  ];

  constructor() {
    super();
    this.without = new Set();
    this.chosen = null;
    this.query = '';
    this.found = null;
    this.error = null;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  override focus(): void {
    this.renderRoot.querySelector('input')?.focus();
  }

  clear(): void {
    this.query = '';
    this.found = null;
  }

  override render() {
    const shown = this.found?.filter((person) => !this.without.has(person.id) && person.type === 'user');
    return html`
      <input
        class="field"
        type="search"
        autocomplete="off"
        dir="auto"
        aria-label=${t('searchPeople')}
        placeholder=${t('searchPeople')}
        .value=${this.query}
        @input=${(event: Event) => this.#type((event.target as HTMLInputElement).value)}
        @keydown=${this.#key}
      />
      <div role="status">
        ${this.error ? html`<p>${t('errorSearch')} ${this.error}</p>` : ''}
        ${shown?.length === 0 ? html`<p>${t('nobodyFound')}</p>` : ''}
      </div>
      ${shown?.length ? html`<ul @keydown=${this.#key}>${shown.map((person) => html`<li>${this.#row(person)}</li>`)}</ul>` : ''}
    `;
  }

  #row(person: Person) {
    const name = person.name ?? person.id;
    const isChosen = this.chosen?.has(person.id) ?? false;
    return html`<button aria-pressed=${this.chosen ? String(isChosen) : nothing} @click=${() => this.#pick(person)}>
      <ui-avatar .who=${person.id} .name=${name} .picture=${person.picture ?? null}></ui-avatar>
      <span>
        <strong class="truncate" dir="auto">${name}</strong>
        <small class="truncate" dir="auto">${person.email ?? `@${person.id}`}</small>
      </span>
      ${this.chosen ? html`<span class="mark" aria-hidden="true">${isChosen ? '✓' : ''}</span>` : ''}
    </button>`;
  }

  #pick(person: Person): void {
    this.dispatchEvent(new CustomEvent('pick', { detail: person }));
  }

  #type(query: string): void {
    this.query = query;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#search(), PAUSE_MS);
  }

  async #search(): Promise<void> {
    const query = this.query.trim();
    if (!query) {
      this.found = null;
      return;
    }
    try {
      const { users = [] } = await this.parlour.people.search(query);
      // A slow answer must not replace that of what was typed since.
      if (query === this.query.trim()) this.found = users;
      this.error = null;
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    }
  }

  #key(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const stops = [...this.renderRoot.querySelectorAll<HTMLElement>('input, li button')];
    const at = stops.indexOf((this.renderRoot as ShadowRoot).activeElement as HTMLElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      event.stopPropagation();
      stops[at + step]?.focus();
    } else if (event.key === 'Enter' && at === 0) {
      event.preventDefault();
      stops[1]?.click();
    }
  }
}

customElements.define('ui-person-search', PersonSearch);
