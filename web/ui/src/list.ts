import { css, html, LitElement, type PropertyDeclarations, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { base } from './base.ts';
import { style } from './style.ts';

/** Rows drawn beyond each end of what is in view. */
const SPARE = 6;
/** So many rows before the end of what was loaded, more is asked for. */
const AHEAD = 12;

/** A list of rows of one height, of which only those in view are in the document. */
export abstract class WindowedList<T extends { id: string }> extends LitElement {
  static override properties: PropertyDeclarations = {
    items: { attribute: false },
    hasMore: { attribute: false },
    selected: { attribute: false },
    label: {},
    first: { state: true },
    count: { state: true },
  };
  declare items: readonly T[];
  declare hasMore: boolean;
  declare selected: string | null;
  declare label: string;
  declare first: number;
  declare count: number;
  readonly #resize = new ResizeObserver(() => this.#look());
  /** For how many rows more was asked for already. */
  #asked = -1;

  static override styles = [
    base,
    css`
      :host {
        overflow-y: auto;
        overscroll-behavior: contain;
        min-height: 0;
        scrollbar-width: thin;
      }
      ul {
        position: relative;
      }
      li {
        position: absolute;
        inset-inline: 0;
        height: var(--row);
        padding: 2px 8px;
      }
      .skeleton {
        display: flex;
        align-items: center;
        gap: 12px;
        height: 100%;
        padding: 0 10px;
      }
      .skeleton::before {
        content: '';
        width: 44px;
        height: 44px;
        border-radius: 50%;
        background: var(--fill);
      }
      .skeleton::after {
        content: '';
        flex: 1;
        height: 14px;
        border-radius: 7px;
        background: var(--fill);
      }
    `,
  ];

  constructor() {
    super();
    this.items = [];
    this.hasMore = false;
    this.selected = null;
    this.label = '';
    this.first = 0;
    this.count = 20;
  }

  protected abstract row(item: T): TemplateResult;

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener('scroll', this.#look, { passive: true });
    this.addEventListener('keydown', this.#key);
    this.#resize.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.removeEventListener('scroll', this.#look);
    this.removeEventListener('keydown', this.#key);
    this.#resize.disconnect();
  }

  /** Scrolls to a row, and focuses it if that is wanted. */
  async show(id: string, focus = false): Promise<void> {
    const at = this.items.findIndex((item) => item.id === id);
    if (at < 0) return;
    const height = this.#rowHeight();
    const top = at * height;
    if (top < this.scrollTop) this.scrollTop = top;
    if (top + height > this.scrollTop + this.clientHeight) this.scrollTop = top + height - this.clientHeight;
    this.#look();
    await this.updateComplete;
    if (focus) this.renderRoot.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)?.focus();
  }

  override updated(): void {
    this.#askForMore();
  }

  override render() {
    const { items } = this;
    const rows = items.slice(this.first, this.first + this.count);
    const known = items.length + (this.hasMore ? 1 : 0);
    const height = `calc(var(--row) * ${known})`;
    // Where more is to come, how many there are is not known: -1 says so.
    const size = this.hasMore ? -1 : items.length;
    return html`<ul role="list" aria-label=${this.label} ${style({ height })}>
      ${repeat(
        rows,
        (item) => item.id,
        (item, index) => {
          const at = this.first + index;
          return html`<li
            role="listitem"
            aria-setsize=${size}
            aria-posinset=${at + 1}
            ${style({ top: `calc(var(--row) * ${at})` })}
          >
            ${this.row(item)}
          </li>`;
        },
      )}
      ${
        this.hasMore
          ? html`<li aria-hidden="true" ${style({ top: `calc(var(--row) * ${items.length})` })}>
              <div class="skeleton"></div>
            </li>`
          : ''
      }
    </ul>`;
  }

  #rowHeight(): number {
    return this.renderRoot.querySelector('li')?.offsetHeight || 76;
  }

  #look = () => {
    const height = this.#rowHeight();
    this.first = Math.max(0, Math.floor(this.scrollTop / height) - SPARE);
    this.count = Math.ceil(this.clientHeight / height) + 2 * SPARE;
    this.#askForMore();
  };

  #askForMore(): void {
    const end = Math.ceil((this.scrollTop + this.clientHeight) / this.#rowHeight());
    const { length } = this.items;
    if (!this.hasMore || length === 0 || end + AHEAD < length || this.#asked === length) return;
    this.#asked = length;
    this.dispatchEvent(new CustomEvent('more'));
    // Asked again should this have failed and the list be scrolled.
    setTimeout(() => {
      this.#asked = -1;
    }, 2_000);
  }

  #key = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    const focused = (this.renderRoot as ShadowRoot).activeElement?.getAttribute('data-id');
    const at = this.items.findIndex((item) => item.id === focused);
    const next = this.items[at + step];
    if (at < 0 || !next) return;
    event.preventDefault();
    event.stopPropagation();
    void this.show(next.id, true);
  };
}
