import { css } from 'lit';

/** Two panes; on a phone one of them. */
export const layout = css`
  :host {
    height: 100dvh;
  }
  .page {
    display: grid;
    grid-template-columns: minmax(300px, 372px) minmax(0, 1fr);
    height: 100%;
    background: var(--surface);
  }
  .side {
    display: flex;
    flex-direction: column;
    min-height: 0;
    border-inline-end: 1px solid var(--line);
    background: var(--surface);
  }
  .side > header {
    display: flex;
    align-items: center;
    gap: 10px;
    min-height: 68px;
    padding: 10px 14px 10px 20px;
  }
  :host(:dir(rtl)) .side > header {
    padding: 10px 20px 10px 14px;
  }
  h1 {
    flex: 1;
    min-width: 0;
    font-size: 21px;
    letter-spacing: -0.02em;
    overflow-wrap: anywhere;
  }
  .side > :is(chat-list, desk-list, desk-reports, .state, .skeletons) {
    flex: 1;
    min-height: 0;
  }
  .side > footer {
    display: flex;
    align-items: center;
    gap: 10px;
    padding: 12px 20px calc(12px + env(safe-area-inset-bottom));
    border-top: 1px solid var(--line);
    font-size: 14px;
    font-weight: 600;
  }
  .main {
    position: relative;
    min-width: 0;
    min-height: 0;
    height: 100%;
    overflow: hidden;
    background: var(--surface);
  }
  .offline {
    display: flex;
    align-items: center;
    gap: 10px;
    padding: 8px 20px;
    background: var(--warn-soft);
    color: var(--on-warn);
    font-size: 13px;
  }
  .offline .dot {
    width: 8px;
    height: 8px;
    flex: none;
    border-radius: 50%;
    background: currentColor;
  }
  @media (max-width: 720px) {
    .page {
      grid-template-columns: minmax(0, 1fr);
    }
    .page:not(.detail) .main:not(:has(.welcome)) {
      display: none;
    }
    .page.detail .side {
      display: none;
    }
    .page:not(.detail):has(.welcome) {
      grid-template-rows: auto 1fr;
    }
    .page:has(.welcome) .side > :not(header) {
      display: none;
    }
  }
`;
