import { css, html } from 'lit';
import { icon } from 'parlour-ui/icons.ts';
import { t } from 'parlour-ui/locale.ts';
import { Popup } from 'parlour-ui/popup.ts';
import type { Canned } from './canned.ts';
import { manageCanned } from './canned-dialog.ts';

const MANAGE = Symbol('manage');

/** Finds a saved reply by any part of it. */
class CannedMenu extends Popup<string | typeof MANAGE> {
  static override properties = { replies: { attribute: false }, query: { state: true } };
  declare replies: readonly string[];
  declare query: string;

  static override styles = [
    ...Popup.styles,
    css`
      :host {
        width: min(380px, calc(100vw - 16px));
      }
      ul {
        max-height: 240px;
        margin: 6px 0;
        overflow-y: auto;
        scrollbar-width: thin;
      }
      li button,
      .manage {
        display: flex;
        gap: 8px;
        align-items: center;
        width: 100%;
        min-height: 38px;
        padding: 6px 10px;
        border-radius: 9px;
        color: var(--text);
      }
      li button:hover,
      li button:focus-visible,
      .manage:hover {
        background: var(--fill);
        outline-offset: -2px;
      }
      .clamp {
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
        overflow: hidden;
        overflow-wrap: anywhere;
      }
      p {
        padding: 12px 10px;
        color: var(--muted);
      }
      .manage {
        border-top: 1px solid var(--line);
        border-radius: 0 0 9px 9px;
        color: var(--muted);
      }
    `,
  ];

  constructor() {
    super();
    this.query = '';
  }

  protected override start() {
    return this.renderRoot.querySelector('input');
  }

  override render() {
    const query = this.query.toLocaleLowerCase();
    const found = this.replies.filter((reply) => reply.toLocaleLowerCase().includes(query));
    return html`<div role="group" aria-label=${t('canned')} @keydown=${this.#key}>
      <input
        class="field"
        dir="auto"
        aria-label=${t('canned')}
        placeholder=${t('canned')}
        @input=${(event: Event) => {
          this.query = (event.target as HTMLInputElement).value;
        }}
      />
      ${
        found.length
          ? html`<ul role="list">
              ${found.map((reply) => html`<li><button @click=${() => this.close(reply)}><span class="clamp" dir="auto">${reply}</span></button></li>`)}
            </ul>`
          : html`<p>${t('cannedEmpty')}</p>`
      }
      <button class="manage" @click=${() => this.close(MANAGE)}>${icon('edit', 18)} ${t('cannedManage')}</button>
    </div>`;
  }

  #key(event: KeyboardEvent): void {
    const stops = [...this.renderRoot.querySelectorAll<HTMLElement>('input, button')];
    const at = stops.indexOf((this.renderRoot as ShadowRoot).activeElement as HTMLElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      stops[(at + step + stops.length) % stops.length]?.focus();
    } else if (event.key === 'Enter' && at === 0 && !event.isComposing) {
      event.preventDefault();
      this.renderRoot.querySelector<HTMLElement>('li button')?.click();
    }
  }
}

customElements.define('desk-canned-menu', CannedMenu);

/** A saved reply that was chosen, or null; from here they are managed as well. */
export async function chooseCanned(anchor: HTMLElement, canned: Canned): Promise<string | null> {
  const menu = new CannedMenu();
  menu.replies = canned.all;
  const chosen = await menu.open(anchor);
  if (chosen !== MANAGE) return chosen;
  return manageCanned(canned);
}
