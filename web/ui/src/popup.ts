import { css, LitElement } from 'lit';
import { base, controls } from './base.ts';

const GAP = 6;
const MARGIN = 8;

/** Something small beside what opened it, above everything; Escape and a click elsewhere close it. */
export abstract class Popup<Answer> extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      :host {
        position: fixed;
        inset: auto;
        margin: 0;
        padding: 6px;
        border: 1px solid var(--line);
        border-radius: 14px;
        background: var(--raised);
        color: var(--text);
        box-shadow: var(--shadow);
        font: 15px / 1.45 var(--font);
        max-width: calc(100vw - 16px);
      }
    `,
  ];

  #answer: ((answer: Answer | null) => void) | null = null;
  #anchor: HTMLElement | null = null;

  open(anchor: HTMLElement): Promise<Answer | null> {
    this.#anchor = anchor;
    this.setAttribute('popover', 'auto');
    anchor.setAttribute('aria-expanded', 'true');
    // Beside what it belongs to, so that it is in the same landmark of the page.
    (anchor.getRootNode() as ShadowRoot | Document).append(this);
    this.addEventListener('toggle', this.#toggled);
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  /** What is focused first. */
  protected abstract start(): HTMLElement | null;

  protected close(answer: Answer | null = null): void {
    const anchor = this.#anchor;
    this.#anchor = null;
    if (!anchor) return;
    anchor.setAttribute('aria-expanded', 'false');
    const hadFocus = this.matches(':focus-within');
    this.remove();
    if (hadFocus && anchor.isConnected) anchor.focus();
    this.#answer?.(answer);
  }

  override async firstUpdated(): Promise<void> {
    this.showPopover();
    this.#place();
    this.start()?.focus();
  }

  #toggled = (event: Event) => {
    if ((event as ToggleEvent).newState === 'closed') this.close();
  };

  /** Above the anchor if there is room, else below, and within the window. */
  #place(): void {
    if (!this.#anchor) return;
    const at = this.#anchor.getBoundingClientRect();
    const { width, height } = this.getBoundingClientRect();
    const isLeft = at.left + width > innerWidth - MARGIN;
    const left = Math.max(MARGIN, isLeft ? at.right - width : at.left);
    const below = at.bottom + GAP;
    const top = below + height <= innerHeight - MARGIN ? below : Math.max(MARGIN, at.top - GAP - height);
    this.style.left = `${left}px`;
    this.style.top = `${top}px`;
  }
}
