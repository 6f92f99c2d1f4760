import { html, nothing, type TemplateResult } from 'lit';
import type { Entry, Room } from 'parlour-client';
import './avatar.ts';
import { dateAndTime, timeOf } from './dates.ts';
import { type IconName, icon } from './icons.ts';
import { t } from './locale.ts';
import { entrySender, nameOf, senderName } from './people.ts';
import { isOwn, type MessageRow } from './rows.ts';
import { linked } from './text.ts';

export type Act = 'react' | 'reply' | 'edit' | 'delete' | 'report' | 'retry' | 'discard' | 'jump';

/** What the viewer wants to do with a message. */
export interface Action {
  act: Act;
  entry: Entry;
  /** Of `react`: which; without, one is to be chosen. */
  emoji?: string;
  anchor?: HTMLElement;
}

/** All that a row shows beside its message. */
export interface MessageView {
  room: Room;
  /** The message that it answers, where that is held. */
  quoted: Entry | null;
  isActive: boolean;
  isTabbable: boolean;
  isFlashing: boolean;
  /** Whether the other side has read this one, and no later one of the viewer's. */
  isSeen: boolean;
  may: ReadonlySet<Act>;
  act(action: Action): void;
}

const BUTTONS: readonly { act: Act; icon: IconName }[] = [
  { act: 'react', icon: 'smile' },
  { act: 'reply', icon: 'reply' },
  { act: 'edit', icon: 'edit' },
  { act: 'delete', icon: 'trash' },
  { act: 'report', icon: 'flag' },
];

/** What can be done with a message at all. */
export function actsFor(entry: Entry, ownId: string, may: ReadonlySet<Act>): Act[] {
  if (entry.status !== 'sent' || entry.deleted_at) return [];
  const own = isOwn(entry, ownId);
  return BUTTONS.map(({ act }) => act).filter((act) => {
    if (act === 'edit') return own && entry.type === 'text' && may.has(act);
    if (act === 'report') return !own && entry.sender_type !== 'system' && may.has(act);
    return may.has(act) && (act !== 'delete' || own);
  });
}

export function messageRow(row: MessageRow, view: MessageView): TemplateResult {
  const { entry, isGrouped, isLast } = row;
  const own = isOwn(entry, view.room.you.member_id);
  const at = new Date(entry.created_at);
  const name = entrySender(view.room, entry);
  const classes = ['message', own ? 'own' : 'other', isGrouped ? 'grouped' : '', isLast ? 'last' : ''];
  if (view.isActive) classes.push('active');
  if (view.isFlashing) classes.push('flash');
  return html`<article
    class=${classes.join(' ')}
    data-key=${row.key}
    data-seq=${entry.seq ?? nothing}
    tabindex=${view.isTabbable ? 0 : -1}
    aria-label="${name}, ${timeOf(at)}"
  >
    ${own ? '' : isGrouped ? html`<span class="gap"></span>` : face(entry, view.room)}
    <div class="stack">
      ${isGrouped ? '' : html`<p class="head"><span class="name" dir="auto">${own ? '' : name}</span> <time datetime=${entry.created_at}>${timeOf(at)}</time></p>`}
      <div class="beside">
        ${bubble(entry, view)}
        <div class="aside">
          ${isGrouped ? html`<time class="when" datetime=${entry.created_at} title=${dateAndTime(at)}>${timeOf(at)}</time>` : ''}
          ${view.isActive ? toolbar(entry, view) : ''}
        </div>
      </div>
      ${reactions(entry, view)} ${status(entry, view)}
    </div>
  </article>`;
}

function face(entry: Entry, room: Room): TemplateResult {
  const senderId = entry.status === 'sent' ? entry.sender_id : room.you.member_id;
  const member = room.members.find(({ id }) => id === senderId);
  const name = member ? nameOf(member) : entrySender(room, entry);
  return html`<ui-avatar size="small" .who=${senderId} .name=${name} .picture=${member?.picture ?? null}></ui-avatar>`;
}

function bubble(entry: Entry, view: MessageView): TemplateResult {
  const isDeleted = entry.status === 'sent' && entry.deleted_at != null;
  if (isDeleted) return html`<div class="bubble deleted">${t('deleted')}</div>`;
  const body = entry.body ?? '';
  if (entry.type === 'sticker') {
    return html`<div class="sticker" role="img" aria-label="${t('sticker')} ${body}" dir="auto">${body}</div>`;
  }
  const isEdited = entry.status === 'sent' && entry.edited_at != null;
  return html`<div class="bubble ${entry.status}">
    ${entry.reply_to == null ? '' : quote(entry.reply_to, entry, view)}
    <div class="text" dir="auto">${linked(body)}</div>
    ${isEdited ? html`<span class="edited">${t('edited')}</span>` : ''}
  </div>`;
}

function quote(seq: number, entry: Entry, { quoted, room, act }: MessageView): TemplateResult {
  const jump = () => act({ act: 'jump', entry });
  if (quoted?.status !== 'sent')
    return html`<button class="quote" @click=${jump}>${t('replyTo', { name: `#${seq}` })}</button>`;
  const text = quoted.deleted_at ? t('deleted') : (quoted.body ?? '');
  return html`<button class="quote" @click=${jump}>
    <strong>${senderName(room, quoted.sender_id, quoted.sender_type)}</strong>
    <span class="truncate" dir="auto">${text}</span>
  </button>`;
}

function toolbar(entry: Entry, { room, may, act }: MessageView): TemplateResult | '' {
  const acts = actsFor(entry, room.you.member_id, may);
  if (acts.length === 0) return '';
  return html`<div class="toolbar" role="toolbar" aria-label=${t('messageActions')}>
    ${BUTTONS.filter((button) => acts.includes(button.act)).map(
      (button) => html`<button
        class="icon-button"
        aria-label=${t(button.act as 'react')}
        title=${t(button.act as 'react')}
        data-act=${button.act}
        @click=${(event: Event) => act({ act: button.act, entry, anchor: event.currentTarget as HTMLElement })}
      >
        ${icon(button.icon, 18)}
      </button>`,
    )}
  </div>`;
}

function reactions(entry: Entry, { act, may }: MessageView): TemplateResult | '' {
  if (entry.status !== 'sent' || entry.reactions.length === 0) return '';
  return html`<div class="reactions">
    ${entry.reactions.map(
      ({ emoji, count, mine }) => html`<button
        aria-pressed=${mine ? 'true' : 'false'}
        aria-label=${t('reactionBy', { emoji, n: count })}
        ?disabled=${!may.has('react')}
        @click=${() => act({ act: 'react', entry, emoji })}
      >
        <span>${emoji}</span> ${count}
      </button>`,
    )}
  </div>`;
}

function status(entry: Entry, { act, isSeen }: MessageView): TemplateResult | '' {
  if (entry.status === 'sent') return isSeen ? html`<p class="status">${t('seen')}</p>` : '';
  if (entry.status === 'sending') return html`<p class="status">${t('sending')}</p>`;
  return html`<p class="status failed" role="alert">
    ${t('failed')}${entry.error ? html`: <span dir="auto">${entry.error.message}</span>` : ''}
    <button @click=${() => act({ act: 'retry', entry })}>${t('retry')}</button>
    <button @click=${() => act({ act: 'discard', entry })}>${t('discard')}</button>
  </p>`;
}
