import { css, html, nothing } from 'lit';
import type { Room } from 'parlour-client';
import 'parlour-ui/avatar.ts';
import { controls } from 'parlour-ui/base.ts';
import { ago } from 'parlour-ui/dates.ts';
import { WindowedList } from 'parlour-ui/list.ts';
import { t } from 'parlour-ui/locale.ts';
import { nameOf, previewOf, titleOf } from 'parlour-ui/people.ts';
import type { Router } from 'parlour-ui/router.ts';
import { Ticker } from 'parlour-ui/ticker.ts';

/** The queue of a desk. */
class DeskList extends WindowedList<Room> {
  static override properties = { router: { attribute: false } };
  declare router: Router;

  static override styles = [
    ...WindowedList.styles,
    controls,
    css`
      :host {
        --row: 104px;
      }
      a {
        display: flex;
        gap: 12px;
        height: 100%;
        padding: 10px 12px;
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
        line-height: 1.4;
      }
      .line {
        display: flex;
        align-items: center;
        gap: 8px;
      }
      .name {
        flex: 1;
        min-width: 0;
        font-weight: 600;
      }
      .email,
      .meta {
        font-size: 12.5px;
        color: var(--muted);
      }
      .preview {
        font-size: 14px;
        color: var(--muted);
      }
      .unread .name {
        font-weight: 700;
      }
      .unread .preview {
        color: var(--text);
        font-weight: 600;
      }
    `,
  ];

  constructor() {
    super();
    new Ticker(this);
  }

  protected override row(room: Room) {
    const user = room.user ?? { id: room.id };
    const name = room.user ? nameOf(room.user) : titleOf(room);
    const { last_message: last, unread } = room;
    const isOurs = last?.sender_type === 'admin' || last?.sender_type === 'merchant';
    const count = t('messages', { n: room.message_count });
    const when = last ? ` · ${ago(new Date(last.created_at), new Date())}` : '';
    return html`<a
      class=${unread ? 'unread' : ''}
      href=${this.router.href(room.id)}
      data-id=${room.id}
      aria-current=${room.id === this.selected ? 'page' : nothing}
      @click=${(event: MouseEvent) => this.router.follow(event, room.id)}
    >
      <ui-avatar .who=${user.id} .name=${name} .picture=${room.user?.picture ?? null}></ui-avatar>
      <div class="body">
        <div class="line">
          <span class="name truncate" dir="auto">${name}</span>
          ${unread ? html`<span class="badge" role="img" aria-label=${t('unreadCount', { n: unread })}>${unread > 99 ? '99+' : unread}</span>` : ''}
        </div>
        <p class="email truncate" dir="auto">${room.listing ? room.listing.title : (room.user?.email ?? user.id)}</p>
        <p class="preview truncate" dir="auto">${last ? html`${isOurs ? t('youSaid') : ''}${previewOf(room)}` : t('noMessages')}</p>
        <p class="meta truncate">${count}${when}</p>
      </div>
    </a>`;
  }
}

customElements.define('desk-list', DeskList);
