import { css, html, type TemplateResult } from 'lit';
import { type IconName, icon } from './icons.ts';
import { t } from './locale.ts';

/** What stands where nothing else does. */
export const states = css`
  .state {
    display: grid;
    justify-items: center;
    align-content: center;
    gap: 6px;
    height: 100%;
    padding: 32px 24px;
    text-align: center;
    color: var(--muted);
  }
  .state :is(h1, h2) {
    font-size: 18px;
    color: var(--text);
    letter-spacing: -0.01em;
  }
  .state p {
    max-width: 34ch;
    overflow-wrap: anywhere;
  }
  .state .art {
    display: grid;
    place-items: center;
    width: 72px;
    height: 72px;
    margin-bottom: 10px;
    border-radius: 24px;
    background: var(--accent-soft);
    color: var(--accent);
  }
  .state .button {
    margin-top: 14px;
  }
  .skeletons {
    padding: 8px 18px;
  }
  .skeletons div {
    display: flex;
    align-items: center;
    gap: 12px;
    height: var(--row);
  }
  .skeletons div::before,
  .skeletons div::after {
    content: '';
    background: var(--fill);
    animation: breathe 1.4s ease-in-out infinite alternate;
  }
  .skeletons div::before {
    width: 44px;
    height: 44px;
    border-radius: 50%;
  }
  .skeletons div::after {
    width: 62%;
    height: 32px;
    border-radius: 10px;
  }
  .skeletons div:nth-child(even)::after {
    width: 48%;
  }
  .skeletons.log div:nth-child(even) {
    flex-direction: row-reverse;
  }
  .skeletons.log div::before {
    display: none;
  }
  .skeletons.log div::after {
    height: 40px;
    width: 42%;
    border-radius: var(--bubble);
  }
  @keyframes breathe {
    to {
      opacity: 0.45;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .skeletons div::before,
    .skeletons div::after {
      animation: none;
    }
  }
`;

export function emptyState(
  art: IconName,
  title: string,
  text: string,
  more: TemplateResult | '' = '',
): TemplateResult {
  return html`<div class="state">
    <span class="art">${icon(art, 34)}</span>
    <h2>${title}</h2>
    <p>${text}</p>
    ${more}
  </div>`;
}

/** @param title its heading, where that is not one of the second level */
export function errorState(
  title: string | TemplateResult,
  detail: string,
  again: (() => void) | null,
): TemplateResult {
  return html`<div class="state" role="alert">
    <span class="art">${icon('warning', 34)}</span>
    ${typeof title === 'string' ? html`<h2>${title}</h2>` : title}
    <p>${detail}</p>
    ${again ? html`<button class="button primary" @click=${again}>${t('errorAgain')}</button>` : ''}
  </div>`;
}

export function skeletons(count: number, kind: 'list' | 'log' = 'list'): TemplateResult {
  return html`<div class="skeletons ${kind}" role="status" aria-label=${t('loading')}>
    ${Array.from({ length: count }, () => html`<div></div>`)}
  </div>`;
}
