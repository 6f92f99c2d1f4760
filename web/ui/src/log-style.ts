import { css } from 'lit';

/** How the log looks. */
export const logStyle = css`
  :host {
    position: relative;
    min-height: 0;
  }
  .scroller {
    position: relative;
    height: 100%;
    overflow-y: auto;
    overflow-x: hidden;
    overscroll-behavior: contain;
    /* Held by the element itself, which knows what was put in where. */
    overflow-anchor: none;
    scrollbar-width: thin;
    padding: 16px 20px 8px;
    display: flex;
    flex-direction: column;
  }
  .rows {
    margin-top: auto;
  }
  .older {
    height: 28px;
    text-align: center;
    color: var(--faint);
    font-size: 12px;
  }
  .day,
  .unread {
    display: flex;
    align-items: center;
    gap: 14px;
    margin: 18px 0 10px;
    font-size: 12px;
    font-weight: 600;
    color: var(--muted);
  }
  .day::before,
  .day::after,
  .unread::before,
  .unread::after {
    content: '';
    flex: 1;
    height: 1px;
    background: var(--line);
  }
  .unread {
    color: var(--danger);
  }
  .unread::before,
  .unread::after {
    background: color-mix(in srgb, var(--danger) 45%, transparent);
  }
  .message {
    position: relative;
    display: flex;
    gap: 10px;
    padding: 10px 4px 1px;
    border-radius: 12px;
    outline-offset: -2px;
  }
  .message.grouped {
    padding-top: 1px;
  }
  .gap {
    width: 30px;
    flex: none;
  }
  .stack {
    display: flex;
    flex-direction: column;
    align-items: flex-start;
    min-width: 0;
    max-width: min(66%, 620px);
  }
  .own {
    justify-content: flex-end;
  }
  .own .stack {
    align-items: flex-end;
  }
  .head {
    display: flex;
    align-items: baseline;
    gap: 8px;
    margin-bottom: 4px;
    padding: 0 4px;
    font-size: 13px;
    max-width: 100%;
  }
  .name {
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  time {
    color: var(--faint);
    font-size: 12px;
    white-space: nowrap;
    font-variant-numeric: tabular-nums;
  }
  .beside {
    position: relative;
    display: flex;
    align-items: center;
    gap: 8px;
    max-width: 100%;
  }
  .own .beside {
    flex-direction: row-reverse;
  }
  .aside {
    position: absolute;
    z-index: 2;
    inset-inline-start: calc(100% + 8px);
    display: flex;
    align-items: center;
    gap: 10px;
  }
  .own .aside {
    inset-inline: auto calc(100% + 8px);
    flex-direction: row-reverse;
  }
  .when {
    opacity: 0;
  }
  .message:hover .when,
  .message:focus .when,
  .message:focus-within .when,
  .active .when {
    opacity: 1;
  }
  .bubble {
    min-width: 0;
    padding: 8px 14px;
    border-radius: var(--bubble);
    background: var(--fill);
    overflow-wrap: anywhere;
  }
  .text {
    white-space: pre-wrap;
    text-align: start;
    unicode-bidi: plaintext;
  }
  .other .bubble {
    border-start-start-radius: 6px;
  }
  .other:not(.last) .bubble {
    border-end-start-radius: 6px;
  }
  .own .bubble {
    background: var(--accent-fill);
    color: var(--on-accent);
    border-end-end-radius: 6px;
  }
  .own.grouped .bubble {
    border-start-end-radius: 6px;
  }
  .own .bubble.failed {
    background: var(--danger-soft);
    color: var(--text);
  }
  .bubble.sending {
    opacity: 0.75;
  }
  .message .bubble.deleted {
    background: none;
    color: var(--faint);
    border: 1px solid var(--line);
    padding: 7px 13px;
    font-style: italic;
  }
  .edited {
    font-size: 11px;
    color: var(--muted);
  }
  .own .edited {
    color: var(--on-accent-muted);
  }
  .sticker {
    font-size: 56px;
    line-height: 1.15;
    overflow-wrap: anywhere;
  }
  .quote {
    display: block;
    width: 100%;
    min-width: 0;
    margin: 2px 0 6px;
    padding: 4px 10px;
    border-inline-start: 3px solid var(--accent);
    border-radius: 6px;
    background: color-mix(in srgb, var(--surface) 70%, transparent);
    color: var(--text);
    font-size: 13px;
  }
  .quote strong,
  .quote span {
    display: block;
  }
  .own .quote {
    background: rgb(0 0 0 / 20%);
    border-color: var(--on-accent-muted);
    color: var(--on-accent);
  }
  .toolbar {
    display: flex;
    padding: 2px;
    border: 1px solid var(--line);
    border-radius: 11px;
    background: var(--raised);
    box-shadow: var(--shadow);
  }
  .toolbar .icon-button {
    width: 34px;
    height: 32px;
    border-radius: 8px;
  }
  .reactions {
    display: flex;
    flex-wrap: wrap;
    gap: 4px;
    margin: 4px 0 5px;
  }
  .reactions button {
    min-height: 26px;
    padding: 0 9px;
    border-radius: 13px;
    border: 1px solid var(--line);
    background: var(--surface);
    font-size: 13px;
    font-variant-numeric: tabular-nums;
    opacity: 1;
  }
  .reactions button[aria-pressed='true'] {
    background: var(--accent-soft);
    border-color: var(--accent);
    color: var(--accent);
    font-weight: 600;
  }
  .status {
    padding: 2px 4px 0;
    font-size: 12px;
    color: var(--muted);
  }
  .status.failed {
    color: var(--danger);
  }
  .status button {
    margin-inline-start: 6px;
    text-decoration: underline;
    font-weight: 600;
  }
  .flash {
    animation: flash 1.8s ease-out;
  }
  @keyframes flash {
    0%,
    40% {
      background: var(--accent-soft);
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .flash {
      animation: none;
      background: var(--accent-soft);
    }
  }
  .pill {
    position: absolute;
    inset-inline: 0;
    margin-inline: auto;
    bottom: 14px;
    width: fit-content;
    display: flex;
    align-items: center;
    gap: 6px;
    min-height: 36px;
    padding: 0 14px;
    border: 1px solid var(--line);
    border-radius: 18px;
    background: var(--raised);
    box-shadow: var(--shadow);
    font-size: 13px;
    font-weight: 600;
  }
  .pill.news {
    background: var(--accent-fill);
    border-color: transparent;
    color: var(--on-accent);
  }
  @media (max-width: 640px) {
    .scroller {
      padding: 12px 12px 8px;
    }
    .stack {
      max-width: 86%;
    }
    /* There is no room beside it. */
    .aside,
    .own .aside {
      inset-inline: 12px auto;
      bottom: calc(100% - 6px);
      flex-direction: row;
    }
    .own .aside {
      inset-inline: auto 12px;
    }
    .when {
      padding: 4px 8px;
      border-radius: 8px;
      background: var(--raised);
    }
  }
`;
