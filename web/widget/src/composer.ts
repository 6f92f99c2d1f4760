import { h, icon } from './dom.ts';
import type { Strings } from './languages/en.ts';
import type { Profile } from './session.ts';

/** The most that the API takes. */
const LONGEST = '10000';

/** Where the visitor writes, and who is new may say their name and address. */
export class Composer {
  readonly element = h('form', { class: 'composer' });
  /** Shown to guests who have not written yet. */
  readonly fields = h('div', { class: 'fields' });
  readonly input: HTMLTextAreaElement;
  readonly #grows = h('div', { class: 'grows' });
  readonly #send: HTMLButtonElement;
  readonly #asked: HTMLInputElement[];

  /**
   * @param ask the names of fields, apart from each other by spaces
   * @param send takes the text, or says that it cannot now
   * @param typing is told whether something is being written
   */
  constructor(
    strings: Strings,
    ask: string,
    readonly send: (text: string) => boolean,
    typing: (isTyping: boolean) => void,
  ) {
    const asks = (['name', 'email'] as const).filter((name) => ask.includes(name));
    this.#asked = asks.map((name) => field(name, strings[name]));
    if (ask.includes('email')) this.fields.append(h('p', {}, strings.mail));
    this.fields.append(...this.#asked);
    this.input = h('textarea', {
      rows: '1',
      maxlength: LONGEST,
      placeholder: strings.placeholder,
    });
    this.input.ariaLabel = strings.message;
    this.#send = h('button', { class: 'send' }, icon('M12 19V5M6 11l6-6l6 6'));
    this.#send.ariaLabel = strings.send;
    this.#grows.append(this.input);
    this.element.append(this.fields, h('div', { class: 'line' }, this.#grows, this.#send));
    this.input.oninput = () => {
      this.#changed();
      typing(this.input.value !== '');
    };
    this.input.onkeydown = (event) => {
      // Enter may belong to an input method; 229 is how Safari says so.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.element.requestSubmit();
    };
    this.element.onsubmit = (event) => {
      event.preventDefault();
      this.submit();
    };
    this.#changed();
  }

  /** What the visitor told of themselves. */
  get profile(): Profile {
    const told = this.#asked.map(({ name, value }) => [name, value.trim()]);
    return Object.fromEntries(told.filter(([, value]) => value));
  }

  submit(): void {
    const text = this.input.value.trim();
    if (!text || !this.send(text)) return;
    this.input.value = '';
    this.#changed();
  }

  #changed(): void {
    // Beneath the input lies the same text, which makes room for it.
    this.#grows.dataset.text = this.input.value;
    // The placeholder reads as the language does, and what is written as it is itself.
    this.input.dir = this.input.value ? 'auto' : '';
    this.#send.ariaDisabled = String(!this.input.value.trim());
  }
}

function field(name: 'name' | 'email', label: string): HTMLInputElement {
  const type = name === 'email' ? 'email' : 'text';
  const longest = name === 'email' ? '254' : '200';
  const input = h('input', { name, type, maxlength: longest, autocomplete: name, placeholder: label });
  input.ariaLabel = label;
  return input;
}
