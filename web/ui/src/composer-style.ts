import { css } from 'lit';

/** How the input looks. */
export const composerStyle = css`
  :host {
    padding: 8px 16px calc(14px + env(safe-area-inset-bottom));
  }
  .box {
    border: 1px solid var(--line-strong);
    border-radius: 16px;
    background: var(--surface);
  }
  .box:focus-within {
    border-color: var(--accent);
    box-shadow: 0 0 0 1px var(--accent);
  }
  .line {
    display: flex;
    align-items: flex-end;
    gap: 2px;
    padding: 4px;
  }
  textarea {
    flex: 1;
    min-width: 0;
    border: 0;
    outline: none;
    resize: none;
    background: none;
    padding: 8px 8px;
    line-height: 22px;
    height: 38px;
    overflow-y: hidden;
    scrollbar-width: thin;
  }
  textarea::placeholder {
    color: var(--faint);
    opacity: 1;
  }
  .send {
    background: var(--accent-fill);
    color: var(--on-accent);
  }
  .send:hover:not(:disabled) {
    background: color-mix(in srgb, var(--accent-fill) 88%, #000);
    color: var(--on-accent);
  }
  .send:disabled {
    background: var(--fill);
    color: var(--muted);
    opacity: 1;
  }
  .context {
    display: flex;
    align-items: center;
    gap: 10px;
    padding: 8px 6px 6px 14px;
    border-bottom: 1px solid var(--line);
    font-size: 13px;
  }
  .context div {
    flex: 1;
    min-width: 0;
  }
  .context strong {
    color: var(--accent);
  }
  .context p {
    color: var(--muted);
  }
  .count {
    align-self: center;
    padding: 0 6px;
    font-size: 12px;
    color: var(--muted);
    font-variant-numeric: tabular-nums;
  }
  .count.over {
    color: var(--danger);
    font-weight: 700;
  }
`;
