import { html, LitElement, type PropertyValues } from 'lit';
import { base, controls } from './base.ts';
import { composerStyle } from './composer-style.ts';
import { pickEmoji } from './emoji.ts';
import { icon } from './icons.ts';
import { number, t } from './locale.ts';
import { characters } from './text.ts';

/** What a message answers or changes, shown above the input. */
export interface Context {
  kind: 'reply' | 'edit';
  title: string;
  text: string;
}

/** The input grows to so many lines, then it scrolls. */
const LINES = 4;
/** From this much of the limit on, the count is shown. */
const NEAR_LIMIT = 0.9;

/**
 * The input of a room. Emits `post` ({body, type}), `typing` (boolean), `cancel`, and `canned` where saved replies
 * are wanted. What was not sent is kept per room for as long as the tab lives.
 */
export class Composer extends LitElement {
  static override properties = {
    draftKey: { attribute: false },
    limit: { attribute: false },
    context: { attribute: false },
    hasStickers: { attribute: false },
    hasCanned: { attribute: false },
    label: {},
    value: { state: true },
  };
  declare draftKey: string;
  declare limit: number;
  declare context: Context | null;
  declare hasStickers: boolean;
  declare hasCanned: boolean;
  declare label: string;
  declare value: string;

  static override styles = [base, controls, composerStyle];

  constructor() {
    super();
    this.draftKey = '';
    this.limit = 10_000;
    this.context = null;
    this.hasStickers = false;
    this.hasCanned = false;
    this.label = '';
    this.value = '';
  }

  override focus(): void {
    this.#input?.focus();
  }

  /** Puts a text where the cursor is, instead of what is selected. */
  insert(text: string): void {
    const input = this.#input;
    if (!input) return;
    input.setRangeText(text, input.selectionStart, input.selectionEnd, 'end');
    this.#changed(input.value);
    input.focus();
  }

  /** Replaces the whole text. */
  set(text: string): void {
    this.#changed(text);
    void this.updateComplete.then(() => this.#input?.setSelectionRange(text.length, text.length));
    this.focus();
  }

  get #input(): HTMLTextAreaElement | null {
    return this.renderRoot?.querySelector('textarea') ?? null;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('draftKey')) this.value = sessionStorage.getItem(this.draftKey) ?? '';
  }

  override updated(changed: PropertyValues<this>): void {
    if (changed.has('value') || changed.has('draftKey')) this.#grow();
  }

  override render() {
    const length = characters(this.value);
    const isOver = length > this.limit;
    const isNear = length > this.limit * NEAR_LIMIT;
    return html`<div class="box">
      ${this.context ? this.#contextLine(this.context) : ''}
      <div class="line">
        ${
          this.hasStickers
            ? html`<button class="icon-button" aria-label=${t('sticker')} title=${t('sticker')} @click=${this.#sticker}>${icon('sticker')}</button>`
            : ''
        }
        ${
          this.hasCanned
            ? html`<button class="icon-button" aria-label=${t('cannedInsert')} title=${t('cannedInsert')} @click=${this.#canned}>${icon('bolt')}</button>`
            : ''
        }
        <button class="icon-button" aria-label=${t('emoji')} title=${t('emoji')} aria-expanded="false" @click=${this.#emoji}>
          ${icon('smile')}
        </button>
        <textarea
          rows="1"
          dir="auto"
          aria-label=${this.label || t('message')}
          placeholder=${this.label || t('message')}
          enterkeyhint="send"
          .value=${this.value}
          @input=${(event: Event) => this.#changed((event.target as HTMLTextAreaElement).value)}
          @keydown=${this.#key}
          @blur=${() => this.#emit('typing', false)}
        ></textarea>
        ${
          isNear
            ? html`<span class="count ${isOver ? 'over' : ''}" role="status">${number(length)} / ${number(this.limit)}</span>`
            : ''
        }
        <button class="icon-button send" aria-label=${t('send')} title=${t('send')} ?disabled=${!this.#isSendable} @click=${this.#send}>
          ${icon('send')}
        </button>
      </div>
    </div>`;
  }

  get #isSendable(): boolean {
    return this.value.trim() !== '' && characters(this.value) <= this.limit;
  }

  #contextLine({ title, text }: Context) {
    return html`<div class="context">
      <div>
        <strong>${title}</strong>
        <p class="truncate" dir="auto">${text}</p>
      </div>
      <button class="icon-button" aria-label=${t('cancel')} @click=${() => this.#emit('cancel')}>${icon('close', 18)}</button>
    </div>`;
  }

  #changed(value: string): void {
    this.value = value;
    if (value) sessionStorage.setItem(this.draftKey, value);
    else sessionStorage.removeItem(this.draftKey);
    this.#emit('typing', value.trim() !== '');
  }

  #key(event: KeyboardEvent): void {
    // While a word is put together from keys (an IME), Enter belongs to that; Safari tells only by the old key code.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === 'Escape' && this.context) {
      event.stopPropagation();
      this.#emit('cancel');
    } else if (event.key === 'ArrowUp' && this.value === '') {
      this.#emit('edit-last');
    } else if (event.key === '/' && this.value === '' && this.hasCanned) {
      event.preventDefault();
      this.#emit('canned', this.#input);
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      this.#send();
    }
  }

  #send(): void {
    if (!this.#isSendable) return;
    const body = this.value;
    this.#changed('');
    this.#emit('post', { body, type: 'text' });
    this.focus();
  }

  async #sticker({ currentTarget }: Event): Promise<void> {
    const body = await pickEmoji(currentTarget as HTMLElement);
    if (body) this.#emit('post', { body, type: 'sticker' });
  }

  async #emoji({ currentTarget }: Event): Promise<void> {
    const emoji = await pickEmoji(currentTarget as HTMLElement);
    if (emoji) this.insert(emoji);
  }

  #canned({ currentTarget }: Event): void {
    this.#emit('canned', currentTarget);
  }

  #emit(name: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** Its height follows the text; by the object model, since the page's policy allows no style attributes. */
  #grow(): void {
    const input = this.#input;
    if (!input) return;
    input.value = this.value;
    const { lineHeight, paddingTop, paddingBottom } = getComputedStyle(input);
    const padding = Number.parseFloat(paddingTop) + Number.parseFloat(paddingBottom);
    const most = LINES * Number.parseFloat(lineHeight) + padding;
    input.style.height = 'auto';
    const wanted = input.scrollHeight;
    input.style.height = `${Math.min(wanted, most)}px`;
    input.style.overflowY = wanted > most + 1 ? 'auto' : 'hidden';
  }
}

customElements.define('ui-composer', Composer);
