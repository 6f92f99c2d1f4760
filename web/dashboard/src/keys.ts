import { css, html } from 'lit';
import { t } from 'parlour-ui/locale.ts';
import { Overlay } from 'parlour-ui/overlay.ts';

/** Which keys do what. */
class Keys extends Overlay<never> {
  static override styles = [
    ...Overlay.styles,
    css`
      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 10px 18px;
        align-items: center;
      }
      kbd {
        display: inline-block;
        min-width: 26px;
        padding: 2px 7px;
        border: 1px solid var(--line-strong);
        border-radius: 7px;
        background: var(--fill);
        font: 600 13px var(--font);
        text-align: center;
      }
    `,
  ];

  protected override heading() {
    return t('help');
  }

  protected override body() {
    const keys = [
      [['j', 'k', '↓', '↑'], t('keyMove')],
      [['Enter'], t('keyOpen')],
      [['Esc'], t('keyBack')],
      [['e'], t('keyArchive')],
      [['r'], t('keyReply')],
      [['/'], t('keyCanned')],
      [['?'], t('keyHelp')],
    ] as const;
    return html`<dl>
      ${keys.map(([names, what]) => html`<dt>${names.map((name) => html`<kbd>${name}</kbd> `)}</dt><dd>${what}</dd>`)}
    </dl>`;
  }
}

customElements.define('desk-keys', Keys);

export function showKeys(): Promise<null> {
  return new Keys().open();
}
