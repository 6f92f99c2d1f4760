import { css } from 'lit';

/** What every element's own style sheet begins with. */
export const base = css`
  :host {
    box-sizing: border-box;
    display: block;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  h1,
  h2,
  h3,
  p,
  ul,
  ol,
  dl,
  dd {
    margin: 0;
    padding: 0;
  }
  ul,
  ol {
    list-style: none;
  }
  a {
    color: inherit;
  }
  button,
  input,
  textarea,
  select {
    font: inherit;
    color: inherit;
    letter-spacing: inherit;
  }
  button {
    border: 0;
    background: none;
    padding: 0;
    cursor: pointer;
    text-align: start;
  }
  button:disabled {
    cursor: default;
    opacity: 0.5;
  }
  /* A name of the other direction stands where all names stand. */
  [dir='auto'] {
    text-align: -webkit-match-parent;
    text-align: match-parent;
  }
  :host(:dir(rtl)) .directed {
    transform: scaleX(-1);
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  .sr {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;

/** Buttons and fields. */
export const controls = css`
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-height: 38px;
    padding: 0 16px;
    border-radius: 10px;
    font-weight: 600;
    font-size: 14px;
    background: var(--fill);
    transition: background var(--fast);
  }
  .button:hover:not(:disabled) {
    background: var(--fill-strong);
  }
  .button.primary {
    background: var(--accent-fill);
    color: var(--on-accent);
  }
  .button.primary:hover:not(:disabled) {
    background: color-mix(in srgb, var(--accent-fill) 88%, #000);
  }
  .button.danger {
    background: var(--danger-fill);
    color: #fff;
  }
  .button.danger:hover:not(:disabled) {
    background: color-mix(in srgb, var(--danger-fill) 88%, #000);
  }
  .icon-button {
    display: inline-grid;
    place-items: center;
    width: 38px;
    height: 38px;
    border-radius: 10px;
    color: var(--muted);
    flex: none;
    transition: background var(--fast);
  }
  .icon-button:hover:not(:disabled),
  .icon-button[aria-expanded='true'] {
    background: var(--fill);
    color: var(--text);
  }
  .field {
    display: block;
    width: 100%;
    min-height: 40px;
    padding: 8px 12px;
    border: 1px solid var(--line-strong);
    border-radius: 10px;
    background: var(--surface);
  }
  .field::placeholder {
    color: var(--faint);
    opacity: 1;
  }
  .field:focus-visible {
    outline-offset: -1px;
  }
  .label {
    display: block;
    margin-bottom: 6px;
    font-size: 13px;
    font-weight: 600;
    color: var(--muted);
  }
  .badge {
    display: inline-grid;
    place-items: center;
    min-width: 20px;
    height: 20px;
    padding: 0 6px;
    border-radius: 10px;
    background: var(--accent-fill);
    color: var(--on-accent);
    font-size: 12px;
    font-weight: 700;
    font-variant-numeric: tabular-nums;
    line-height: 1;
    flex: none;
  }
  .truncate {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
`;
