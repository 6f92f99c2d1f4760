import { css, html, LitElement } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { base } from './base.ts';
import { t } from './locale.ts';

const SHOWN_MS = 6_000;

interface Toast {
  key: number;
  text: string;
  isError: boolean;
  undo: (() => void) | null;
}

/** Short notices at the bottom, which go by themselves. */
class Toasts extends LitElement {
  static override properties = { toasts: { state: true } };
  declare toasts: readonly Toast[];

  static override styles = [
    base,
    css`
      :host {
        position: fixed;
        inset-inline: 0;
        bottom: calc(88px + env(safe-area-inset-bottom));
        z-index: 10;
        display: grid;
        justify-items: center;
        gap: 8px;
        pointer-events: none;
      }
      div {
        display: flex;
        align-items: center;
        gap: 14px;
        max-width: min(520px, calc(100vw - 32px));
        padding: 10px 16px;
        border-radius: 12px;
        background: #20242e;
        color: #f3f4f8;
        box-shadow: var(--shadow);
        font-size: 14px;
        overflow-wrap: anywhere;
        pointer-events: auto;
      }
      .error {
        background: #8f1d24;
        color: #fff;
      }
      button {
        border: 0;
        background: none;
        padding: 4px;
        font: inherit;
        font-weight: 600;
        color: #c3c0ff;
      }
    `,
  ];

  constructor() {
    super();
    this.toasts = [];
  }

  add(toast: Toast): void {
    this.toasts = [...this.toasts.slice(-2), toast];
    setTimeout(() => this.#drop(toast), SHOWN_MS);
  }

  override render() {
    return html`<section role="status">
      ${repeat(
        this.toasts,
        ({ key }) => key,
        (toast) => html`<div class=${toast.isError ? 'error' : ''}>
          <span>${toast.text}</span>
          ${toast.undo ? html`<button @click=${() => this.#undo(toast)}>${t('undo')}</button>` : ''}
        </div>`,
      )}
    </section>`;
  }

  #undo(toast: Toast): void {
    this.#drop(toast);
    toast.undo?.();
  }

  #drop(toast: Toast): void {
    this.toasts = this.toasts.filter((it) => it !== toast);
  }
}

customElements.define('ui-toasts', Toasts);

let shown: Toasts | null = null;
let keys = 0;

function show(text: string, isError: boolean, undo: (() => void) | null): void {
  shown ??= document.body.appendChild(new Toasts());
  shown.add({ key: keys++, text, isError, undo });
}

/** Says that something was done. */
export function toast(text: string, undo: (() => void) | null = null): void {
  show(text, false, undo);
}

/** Does something, and says so where it fails; whether it succeeded. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    show(
      t('somethingFailed', { detail: error instanceof Error ? error.message : String(error) }),
      true,
      null,
    );
    return false;
  }
}
