import { css, html, nothing } from 'lit';
import type { Room } from 'parlour-client';
import 'parlour-ui/avatar.ts';
import { controls } from 'parlour-ui/base.ts';
import { rowTime } from 'parlour-ui/dates.ts';
import { icon } from 'parlour-ui/icons.ts';
import { WindowedList } from 'parlour-ui/list.ts';
import { t } from 'parlour-ui/locale.ts';
import { faceOf, previewOf, senderName, titleOf } from 'parlour-ui/people.ts';
import type { Router } from 'parlour-ui/router.ts';
import { Ticker } from 'parlour-ui/ticker.ts';

/** One's rooms. */
class ChatList extends WindowedList<Room> {
  static override properties = { router: { attribute: false } };
  declare router: Router;

  static override styles = [
    ...WindowedList.styles,
    controls,
    css`
      a {
        display: flex;
        align-items: center;
        gap: 12px;
        height: 100%;
        padding: 0 12px;
        border-radius: 14px;
        text-decoration: none;
        transition: background var(--fast);
      }
      a:hover {
        background: var(--fill);
      }
      a[aria-current] {
        background: var(--accent-soft);
      }
      a:focus-visible {
        outline-offset: -2px;
      }
      .body {
        flex: 1;
        min-width: 0;
      }
      .line {
        display: flex;
        align-items: baseline;
        gap: 8px;
      }
      .title {
        flex: 1;
        min-width: 0;
        font-weight: 600;
      }
      time {
        font-size: 12px;
        color: var(--muted);
        white-space: nowrap;
      }
      .line + .line {
        align-items: center;
        margin-top: 1px;
      }
      .preview {
        flex: 1;
        min-width: 0;
        font-size: 14px;
        color: var(--muted);
      }
      .unread .preview {
        color: var(--text);
      }
      .unread .title,
      .unread time {
        font-weight: 700;
      }
      .unread time {
        color: var(--accent);
      }
      .deleted {
        font-style: italic;
      }
      .icon {
        flex: none;
        color: var(--muted);
      }
      .muted .badge {
        background: var(--line-strong);
        color: var(--surface);
      }
    `,
  ];

  constructor() {
    super();
    new Ticker(this);
  }

  protected override row(room: Room) {
    const { unread, muted, pinned } = room.you;
    const face = faceOf(room);
    const last = room.last_message;
    const classes = [unread ? 'unread' : '', muted ? 'muted' : ''].join(' ');
    return html`<a
      class=${classes}
      href=${this.router.href(room.id)}
      data-id=${room.id}
      aria-current=${room.id === this.selected ? 'page' : nothing}
      @click=${(event: MouseEvent) => this.router.follow(event, room.id)}
    >
      <ui-avatar .who=${face.id} .name=${face.name} .picture=${face.picture}></ui-avatar>
      <div class="body">
        <div class="line">
          <span class="title truncate" dir="auto">${titleOf(room)}</span>
          ${muted ? html`<span class="sr">${t('muted')}</span>${icon('bellOff', 14)}` : ''}
          ${pinned ? html`<span class="sr">${t('pinned')}</span>${icon('pin', 14)}` : ''}
          ${last ? html`<time datetime=${last.created_at}>${rowTime(new Date(last.created_at), new Date())}</time>` : ''}
        </div>
        <div class="line">
          <span class="preview truncate ${last?.deleted ? 'deleted' : ''}" dir="auto">
            ${last ? html`<bdi class="sender">${senderName(room, last.sender_id, last.sender_type)}</bdi>: ${previewOf(room)}` : t('noMessages')}
          </span>
          ${unread ? html`<span class="badge" aria-label=${t('unreadCount', { n: unread })}>${unread > 99 ? '99+' : unread}</span>` : ''}
        </div>
      </div>
    </a>`;
  }
}

customElements.define('chat-list', ChatList);
