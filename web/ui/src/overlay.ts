import { css, html, LitElement, type TemplateResult } from 'lit';
import { base, controls } from './base.ts';
import { icon } from './icons.ts';
import { t } from './locale.ts';

let shown = 0;

/** Whether a dialog is open. What has the focus does not tell: a button that was disabled has lost it. */
export function isOverlayShown(): boolean {
  return shown > 0;
}

/** A modal dialog: the browser's own, which keeps the focus inside, closes with Escape and gives the focus back. */
export abstract class Overlay<Answer> extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      dialog {
        width: min(480px, calc(100vw - 32px));
        max-height: min(680px, calc(100dvh - 48px));
        padding: 0;
        border: 0;
        border-radius: 18px;
        background: var(--raised);
        color: var(--text);
        box-shadow: var(--shadow);
        overflow: hidden;
      }
      dialog[open] {
        display: flex;
        flex-direction: column;
      }
      dialog::backdrop {
        background: var(--backdrop);
      }
      .head {
        display: flex;
        align-items: center;
        gap: 12px;
        padding: 18px 16px 6px 24px;
      }
      :host(:dir(rtl)) .head {
        padding: 18px 24px 6px 16px;
      }
      h2 {
        flex: 1;
        font-size: 19px;
        line-height: 1.3;
        letter-spacing: -0.01em;
      }
      .body {
        padding: 6px 24px 16px;
        overflow-y: auto;
        min-height: 0;
      }
      .body:last-child {
        padding-bottom: 24px;
      }
      .body > * + * {
        margin-top: 14px;
      }
      .quiet {
        color: var(--muted);
      }
      .foot {
        display: flex;
        align-items: center;
        justify-content: flex-end;
        flex-wrap: wrap;
        gap: 10px;
        padding: 12px 24px 20px;
      }
      .foot .quiet {
        margin-inline-end: auto;
        font-size: 14px;
      }
      textarea.field {
        resize: vertical;
        min-height: 92px;
      }
    `,
  ];

  #answer: ((answer: Answer | null) => void) | null = null;

  /** Shows it; what was answered, or null where it was closed. */
  open(): Promise<Answer | null> {
    document.body.append(this);
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    shown += 1;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    shown -= 1;
  }

  protected abstract heading(): string;
  protected abstract body(): TemplateResult;
  protected footer(): TemplateResult | null {
    return null;
  }

  protected close(answer: Answer | null = null): void {
    this.renderRoot.querySelector('dialog')?.close();
    this.#answer?.(answer);
    this.#answer = null;
    this.remove();
  }

  override firstUpdated(): void {
    this.renderRoot.querySelector('dialog')?.showModal();
  }

  override updated(): void {
    // A text that is longer than the dialog is scrolled by keys only where something in it can have the focus.
    const body = this.renderRoot.querySelector<HTMLElement>('.body');
    if (!body) return;
    const isLong = body.scrollHeight > body.clientHeight;
    if (isLong && !body.querySelector('button, input, textarea')) body.tabIndex = 0;
    else body.removeAttribute('tabindex');
  }

  override render() {
    const footer = this.footer();
    // No <header> and <footer>: in a dialog they count as those of the whole page.
    return html`<dialog
      aria-labelledby="heading"
      @close=${() => this.close()}
      @click=${(event: Event) => event.target === event.currentTarget && this.close()}
    >
      <div class="head">
        <h2 id="heading">${this.heading()}</h2>
        <button class="icon-button" aria-label=${t('close')} @click=${() => this.close()}>${icon('close')}</button>
      </div>
      <div class="body">${this.body()}</div>
      ${footer ? html`<div class="foot">${footer}</div>` : ''}
    </dialog>`;
  }
}
