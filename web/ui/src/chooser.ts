import { css, html, LitElement } from 'lit';
import './avatar.ts';
import { base, controls } from './base.ts';
import { icon } from './icons.ts';
import { t } from './locale.ts';
import type { Person, Persons } from './session.ts';

/** Who one wants to be, in a demo. Emits `chosen` ({@link Person}). */
class Chooser extends LitElement {
  static override properties = {
    persons: { attribute: false },
    name: { state: true },
    isOther: { state: true },
  };
  declare persons: Persons;
  declare name: string;
  declare isOther: boolean;

  static override styles = [
    base,
    controls,
    css`
      :host {
        height: 100%;
        overflow-y: auto;
      }
      main {
        display: grid;
        place-content: center;
        min-height: 100%;
        padding: 24px 16px;
      }
      section {
        width: min(400px, calc(100vw - 32px));
        padding: 32px;
        border-radius: 22px;
        background: var(--surface);
        box-shadow: var(--shadow);
      }
      h1 {
        font-size: 24px;
        letter-spacing: -0.02em;
      }
      p {
        margin: 6px 0 18px;
        color: var(--muted);
      }
      ul button {
        display: flex;
        align-items: center;
        gap: 14px;
        width: calc(100% + 20px);
        margin-inline: -10px;
        padding: 8px 10px;
        border-radius: 12px;
      }
      ul button:hover {
        background: var(--fill);
      }
      strong,
      small {
        display: block;
      }
      small {
        color: var(--muted);
      }
      .plus {
        display: grid;
        place-items: center;
        width: 44px;
        height: 44px;
        border-radius: 50%;
        background: var(--fill);
        color: var(--muted);
      }
      form {
        display: flex;
        gap: 8px;
        margin-top: 8px;
      }
    `,
  ];

  constructor() {
    super();
    this.name = '';
    this.isOther = false;
  }

  override render() {
    return html`<main>
      <section>
        <h1>${t('chooseTitle')}</h1>
        <p>${t('chooseText')}</p>
        <ul>
          ${this.persons.known.map(
            (person) => html`<li>
              <button @click=${() => this.#choose(person)}>
                <ui-avatar .who=${person.sub} .name=${person.name}></ui-avatar>
                <span><strong>${person.name}</strong><small>${person.email ?? person.sub}</small></span>
              </button>
            </li>`,
          )}
          <li>${this.isOther ? this.#form() : this.#other()}</li>
        </ul>
      </section>
    </main>`;
  }

  #other() {
    return html`<button @click=${() => this.#ask()}>
      <span class="plus">${icon('plus')}</span> <strong>${t('person')}</strong>
    </button>`;
  }

  #form() {
    return html`<form @submit=${this.#submit}>
      <input
        class="field"
        aria-label=${t('name')}
        placeholder=${t('name')}
        maxlength="100"
        @input=${(event: Event) => {
          this.name = (event.target as HTMLInputElement).value;
        }}
      />
      <button class="button primary" ?disabled=${!this.name.trim()}>${t('ok')}</button>
    </form>`;
  }

  async #ask(): Promise<void> {
    this.isOther = true;
    await this.updateComplete;
    this.renderRoot.querySelector('input')?.focus();
  }

  #submit(event: Event): void {
    event.preventDefault();
    if (this.name.trim()) this.#choose(this.persons.called(this.name));
  }

  #choose(person: Person): void {
    this.dispatchEvent(new CustomEvent('chosen', { detail: this.persons.choose(person) }));
  }
}

customElements.define('ui-chooser', Chooser);
