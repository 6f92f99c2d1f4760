import { css, html } from 'lit';
import { type IconName, icon } from './icons.ts';
import { Popup } from './popup.ts';

export interface MenuItem {
  id: string;
  label: string;
  icon: IconName;
  isDangerous?: boolean;
}

class Menu extends Popup<string> {
  static override properties = { items: { attribute: false }, label: {} };
  declare items: readonly MenuItem[];
  declare label: string;

  static override styles = [
    ...Popup.styles,
    css`
      button {
        display: flex;
        align-items: center;
        gap: 12px;
        width: 100%;
        min-height: 40px;
        padding: 0 14px 0 10px;
        border-radius: 9px;
      }
      button:hover,
      button:focus-visible {
        background: var(--fill);
        outline-offset: -2px;
      }
      .icon {
        color: var(--muted);
      }
      .danger,
      .danger .icon {
        color: var(--danger);
      }
    `,
  ];

  protected override start() {
    return this.renderRoot.querySelector('button');
  }

  override render() {
    return html`<div role="menu" aria-label=${this.label} @keydown=${this.#key}>
      ${this.items.map(
        (item) => html`<button
          role="menuitem"
          class=${item.isDangerous ? 'danger' : ''}
          @click=${() => this.close(item.id)}
        >
          ${icon(item.icon)} ${item.label}
        </button>`,
      )}
    </div>`;
  }

  #key = (event: KeyboardEvent) => {
    const buttons = [...this.renderRoot.querySelectorAll('button')];
    const at = buttons.indexOf((this.renderRoot as ShadowRoot).activeElement as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (event.key === 'Tab') this.close();
    if (to === undefined) return;
    event.preventDefault();
    buttons[(to + buttons.length) % buttons.length]?.focus();
  };
}

customElements.define('ui-menu', Menu);

/** A menu beside a button: the id of what was chosen. */
export function openMenu(
  anchor: HTMLElement,
  label: string,
  items: readonly MenuItem[],
): Promise<string | null> {
  const menu = new Menu();
  menu.items = items;
  menu.label = label;
  return menu.open(anchor);
}
