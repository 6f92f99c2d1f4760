import { css, html, LitElement, nothing } from 'lit';
import { base } from './base.ts';

const COLOURS = 10;

/** Always the same colour for the same id. */
function colourOf(id: string): number {
  let hash = 0;
  for (const char of id) hash = (Math.imul(hash, 31) + (char.codePointAt(0) ?? 0)) >>> 0;
  return hash % COLOURS;
}

const graphemes = new Intl.Segmenter();

/** The first signs, as one reads them, of the first and the last word. */
export function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter((word) => /[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(word));
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  const firsts = ends.map(
    (word = '') =>
      [...graphemes.segment(word.replace(/^[^\p{L}\p{N}\p{Extended_Pictographic}]+/u, ''))][0]?.segment ?? '',
  );
  return firsts.join('').toLocaleUpperCase() || '?';
}

/** A picture where there is one over https, else initials on a colour that follows from the id. */
export class Avatar extends LitElement {
  static override properties = {
    who: {},
    name: {},
    picture: {},
    size: { reflect: true },
    online: { type: Boolean, reflect: true },
    isBroken: { state: true },
  };
  declare who: string;
  declare name: string;
  declare picture: string | null;
  declare size: 'small' | 'medium' | 'large';
  declare online: boolean;
  declare isBroken: boolean;

  static override styles = [
    base,
    css`
      :host {
        position: relative;
        width: 44px;
        height: 44px;
        flex: none;
        font-size: 16px;
      }
      :host([size='small']) {
        width: 30px;
        height: 30px;
        font-size: 12px;
      }
      :host([size='large']) {
        width: 72px;
        height: 72px;
        font-size: 26px;
      }
      .face {
        display: grid;
        place-items: center;
        width: 100%;
        height: 100%;
        border-radius: 50%;
        overflow: hidden;
        color: #fff;
        font-weight: 600;
        letter-spacing: 0.01em;
        user-select: none;
        object-fit: cover;
      }
      .c0 { background: #be185d; }
      .c1 { background: #b91c1c; }
      .c2 { background: #b45309; }
      .c3 { background: #4d7c0f; }
      .c4 { background: #047857; }
      .c5 { background: #0e7490; }
      .c6 { background: #1d4ed8; }
      .c7 { background: #6d28d9; }
      .c8 { background: #a21caf; }
      .c9 { background: #475569; }
      :host([online])::after {
        content: '';
        position: absolute;
        inset-inline-end: -1px;
        bottom: -1px;
        width: 13px;
        height: 13px;
        border-radius: 50%;
        background: var(--good);
        border: 2.5px solid var(--surface);
      }
    `,
  ];

  constructor() {
    super();
    this.who = '';
    this.name = '';
    this.picture = null;
    this.size = 'medium';
    this.online = false;
    this.isBroken = false;
  }

  override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('picture')) this.isBroken = false;
  }

  override render() {
    // Whatever else stands in a profile is no picture: no script, and no call home over http.
    const isPicture = this.picture?.startsWith('https://') && !this.isBroken;
    if (isPicture) {
      return html`<img
        class="face"
        src=${this.picture ?? nothing}
        alt=""
        loading="lazy"
        decoding="async"
        referrerpolicy="no-referrer"
        @error=${() => {
          this.isBroken = true;
        }}
      />`;
    }
    return html`<span class="face c${colourOf(this.who)}" aria-hidden="true">${initialsOf(this.name)}</span>`;
  }
}

customElements.define('ui-avatar', Avatar);
