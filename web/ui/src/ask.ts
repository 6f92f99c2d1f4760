import { html } from 'lit';
import { t } from './locale.ts';
import { Overlay } from './overlay.ts';

export interface Question {
  title: string;
  text?: string;
  /** What the button says that goes on. */
  confirm: string;
  isDangerous?: boolean;
  /** Asks for a text as well. */
  field?: { label: string; value?: string; isRequired?: boolean; maxLength: number; isLong?: boolean };
}

/** A question before something is done; the answer is the text of its field, or empty where there is none. */
class Ask extends Overlay<string> {
  static override properties = { question: { attribute: false }, value: { state: true } };
  declare question: Question;
  declare value: string;

  protected override heading() {
    return this.question.title;
  }

  protected override body() {
    const { text, field } = this.question;
    return html`
      ${text ? html`<p class="quiet">${text}</p>` : ''}
      ${field ? html`<div>${this.#field(field)}</div>` : ''}
    `;
  }

  protected override footer() {
    const { confirm, isDangerous, field } = this.question;
    const isMissing = field?.isRequired === true && this.value.trim() === '';
    return html`
      <button class="button" ?autofocus=${!field} @click=${() => this.close()}>${t('cancel')}</button>
      <button class="button ${isDangerous ? 'danger' : 'primary'}" ?disabled=${isMissing} @click=${this.#done}>
        ${confirm}
      </button>
    `;
  }

  #field({ label, maxLength, isLong }: NonNullable<Question['field']>) {
    const input = (event: InputEvent) => {
      this.value = (event.target as HTMLInputElement).value;
    };
    const tag = isLong
      ? html`<textarea id="text" class="field" dir="auto" maxlength=${maxLength} autofocus .value=${this.value} @input=${input}></textarea>`
      : html`<input id="text" class="field" dir="auto" maxlength=${maxLength} autofocus .value=${this.value} @input=${input} @keydown=${this.#enter} />`;
    return html`<label class="label" for="text">${label}</label>${tag}`;
  }

  #enter = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.isComposing || !this.value.trim()) return;
    // Else the same key presses the button that gets the focus back, and the menu opens again.
    event.preventDefault();
    this.#done();
  };

  #done = () => this.close(this.value.trim());
}

customElements.define('ui-ask', Ask);

export function ask(question: Question): Promise<string | null> {
  const element = new Ask();
  element.question = question;
  element.value = question.field?.value ?? '';
  return element.open();
}
