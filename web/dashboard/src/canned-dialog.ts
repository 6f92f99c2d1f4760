import { css, html } from 'lit';
import { icon } from 'parlour-ui/icons.ts';
import { t } from 'parlour-ui/locale.ts';
import { Overlay } from 'parlour-ui/overlay.ts';
import type { Canned } from './canned.ts';

/** Changes what is saved. */
class CannedDialog extends Overlay<never> {
  static override properties = { canned: { attribute: false }, draft: { state: true } };
  declare canned: Canned;
  declare draft: string;

  static override styles = [
    ...Overlay.styles,
    css`
      li {
        display: flex;
        align-items: center;
        gap: 8px;
        padding: 6px 0;
        border-bottom: 1px solid var(--line);
      }
      li span {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
        white-space: pre-wrap;
      }
    `,
  ];

  constructor() {
    super();
    this.draft = '';
  }

  protected override heading() {
    return t('canned');
  }

  protected override body() {
    const { all } = this.canned;
    return html`
      ${all.length ? html`<ul role="list">${all.map((reply) => this.#row(reply))}</ul>` : html`<p class="quiet">${t('cannedEmpty')}</p>`}
      <div>
        <label class="label" for="text">${t('cannedNew')}</label>
        <textarea
          id="text"
          class="field"
          dir="auto"
          maxlength="2000"
          .value=${this.draft}
          @input=${(event: Event) => {
            this.draft = (event.target as HTMLTextAreaElement).value;
          }}
        ></textarea>
      </div>
    `;
  }

  protected override footer() {
    return html`<button class="button primary" ?disabled=${!this.draft.trim()} @click=${this.#add}>${t('save')}</button>`;
  }

  #row(reply: string) {
    const edit = () => {
      this.draft = reply;
      this.#remove(reply);
    };
    return html`<li>
      <span dir="auto">${reply}</span>
      <button class="icon-button" aria-label="${t('edit')}: ${reply}" @click=${edit}>${icon('edit', 18)}</button>
      <button class="icon-button" aria-label="${t('delete')}: ${reply}" @click=${() => this.#remove(reply)}>${icon('trash', 18)}</button>
    </li>`;
  }

  #add = () => {
    this.canned.set([...this.canned.all, this.draft.trim()]);
    this.draft = '';
  };

  #remove(reply: string): void {
    this.canned.set(this.canned.all.filter((it) => it !== reply));
    this.requestUpdate();
  }
}

customElements.define('desk-canned', CannedDialog);

export function manageCanned(canned: Canned): Promise<null> {
  const dialog = new CannedDialog();
  dialog.canned = canned;
  return dialog.open();
}
