import { css } from 'lit';

/** What the dashboard adds to the layout of both pages. */
export const appStyle = css`
  .search {
    padding: 0 16px 10px;
  }
  .tabs {
    display: flex;
    gap: 4px;
    padding: 0 16px 8px;
    border-bottom: 1px solid var(--line);
  }
  .tabs button {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    flex: 1;
    min-height: 38px;
    border-radius: 10px;
    font-weight: 600;
    color: var(--muted);
  }
  .tabs button:hover {
    background: var(--fill);
  }
  .tabs [aria-selected='true'] {
    background: var(--accent-soft);
    color: var(--accent);
  }
  .panel {
    display: flex;
    flex-direction: column;
    flex: 1;
    min-height: 0;
    padding-top: 6px;
  }
  .panel > * {
    flex: 1;
    min-height: 0;
  }
  .icon-button[aria-pressed='true'] {
    background: var(--accent-soft);
    color: var(--accent);
  }
  .up {
    display: none;
  }
  @media (max-width: 720px) {
    .up {
      display: inline-grid;
      position: absolute;
      z-index: 1;
      top: 18px;
      inset-inline-end: 12px;
    }
  }
`;
