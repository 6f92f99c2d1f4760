import { css, html } from 'lit';
import { t } from './locale.ts';
import { Popup } from './popup.ts';

const EMOJI =
  '👍 ❤️ 😂 😮 😢 🎉 🙏 👀 😀 😅 😊 😍 😘 😎 🤔 😴 😭 😡 🤯 🥳 😇 🙃 🤝 👏 💪 🙌 👋 👎 🔥 ✨ ⭐ 💯 ✅ ❌ ❓ 💡 🎁 🎂 ☕ 🍕 🚀 🌈 🐱 🐶 🌻 🎄 ⏰ 📷'.split(
    ' ',
  );
const COLUMNS = 8;

/** Emoji to choose from, as a grid that arrow keys move in. */
class EmojiPicker extends Popup<string> {
  static override styles = [
    ...Popup.styles,
    css`
      div {
        display: grid;
        grid-template-columns: repeat(${COLUMNS}, 38px);
      }
      button {
        width: 38px;
        height: 38px;
        border-radius: 9px;
        font-size: 21px;
        line-height: 1;
        text-align: center;
      }
      button:hover,
      button:focus-visible {
        background: var(--fill);
        outline-offset: -2px;
      }
    `,
  ];

  protected override start() {
    return this.renderRoot.querySelector('button');
  }

  override render() {
    return html`<div role="group" aria-label=${t('emoji')} @keydown=${this.#key}>
      ${EMOJI.map((emoji) => html`<button @click=${() => this.close(emoji)}>${emoji}</button>`)}
    </div>`;
  }

  #key = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...this.renderRoot.querySelectorAll('button')];
    const at = buttons.indexOf((this.renderRoot as ShadowRoot).activeElement as HTMLButtonElement);
    const mirrored = Math.abs(step) === 1 && this.matches(':dir(rtl)') ? -step : step;
    buttons[at + mirrored]?.focus();
  };
}

customElements.define('ui-emoji', EmojiPicker);

export function pickEmoji(anchor: HTMLElement): Promise<string | null> {
  return new EmojiPicker().open(anchor);
}
