import type { Entry, RoomSnapshot } from 'parlour-client/core';
import { h, icon } from './dom.ts';
import type { Strings } from './languages/en.ts';
import { linked } from './text.ts';

const CLOCK = 'M12 7.5v5l3 1.8M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 0 0 0-17z';

/** What a message needs of the list that it is in. */
export interface Setting {
  readonly strings: Strings;
  readonly language: string;
  readonly retry: (clientId: string) => void;
  readonly discard: (clientId: string) => void;
}

/** How a message stands among its neighbours. */
export interface Place {
  /** The divider above it, where a day begins. */
  day: string;
  /** Whether it is the visitor's. */
  isOwn: boolean;
  /** Whether it is the first, or last, of several of one sender. */
  isFirst: boolean;
  isLast: boolean;
  isSeen: boolean;
}

/** A message on the page. Changed in place, so that screen readers do not read it twice. */
export class MessageView {
  readonly element = h('div');
  readonly #day = h('div', { class: 'day' });
  readonly #bubble = h('div', { class: 'bubble', dir: 'auto' });
  readonly #note = h('div', { class: 'note' });
  #shown = '';
  #body: string | null = null;

  constructor(
    readonly setting: Setting,
    sender: string,
  ) {
    this.element.append(h('span', { class: 'hidden' }, `${sender}: `), this.#bubble, this.#note);
  }

  update(entry: Entry, place: Place): void {
    const shown = JSON.stringify([
      place,
      entry.status,
      entry.body,
      entry.status === 'sent' ? entry.rev : entry.error,
    ]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const { isOwn, isFirst, isLast, day } = place;
    this.element.className = `message${isOwn ? ' own' : ''}${isFirst ? ' first' : ''}${isLast ? ' last' : ''} ${entry.status}`;
    this.#day.textContent = day;
    if (day) this.element.prepend(this.#day);
    else this.#day.remove();
    this.#writes(entry);
    this.#notes(entry, place);
  }

  #writes(entry: Entry): void {
    const { strings, language } = this.setting;
    const isDeleted = entry.status === 'sent' && !!entry.deleted_at;
    const isEdited = entry.status === 'sent' && !!entry.edited_at;
    const body = JSON.stringify([entry.body, isDeleted, isEdited, entry.status === 'sending']);
    if (body === this.#body) return;
    this.#body = body;
    const time = new Intl.DateTimeFormat(language, { timeStyle: 'short' }).format(new Date(entry.created_at));
    const stamp = h(
      'time',
      { datetime: entry.created_at, dir: 'auto' },
      isEdited ? `${strings.edited} ${time}` : time,
    );
    if (entry.status === 'sending') stamp.append(icon(CLOCK));
    const text = isDeleted ? [h('em', {}, strings.deleted)] : linked(entry.body ?? '');
    this.#bubble.replaceChildren(...text, ' ', stamp);
  }

  #notes(entry: Entry, { isSeen }: Place): void {
    const { strings, retry, discard } = this.setting;
    this.#note.replaceChildren();
    if (entry.status === 'sent') return this.#note.append(isSeen ? strings.seen : '');
    if (entry.status === 'sending') return this.#note.append(entry.error ? strings.waiting : '');
    const button = (label: string, run: (clientId: string) => void) => {
      const made = h('button', { type: 'button', class: 'link' }, label);
      made.onclick = () => run(entry.client_id);
      return made;
    };
    this.#note.append(strings.failed, ' ', button(strings.retry, retry), button(strings.discard, discard));
  }
}

/** The places of messages among each other. */
export function places({ messages, info }: RoomSnapshot, language: string): Place[] {
  const own = info?.you.member_id;
  const seen = info?.members.find(({ id }) => id !== own)?.read ?? 0;
  const isOwn = (entry: Entry | undefined) => !!entry && (entry.status !== 'sent' || entry.sender_id === own);
  const days = messages.map((entry) => dayOf(entry.created_at, language));
  const joins = (at: number) =>
    !!messages[at] &&
    !!messages[at - 1] &&
    isOwn(messages[at]) === isOwn(messages[at - 1]) &&
    days[at] === days[at - 1];
  const last = messages.at(-1);
  const isSeen = isOwn(last) && last?.status === 'sent' && last.seq <= seen;
  return messages.map((entry, at) => ({
    day: days[at] === days[at - 1] ? '' : (days[at] as string),
    isOwn: isOwn(entry),
    isFirst: !joins(at),
    isLast: !joins(at + 1),
    isSeen: isSeen && entry === last,
  }));
}

/** Today, yesterday, or as "Monday, January 29". */
function dayOf(iso: string, language: string): string {
  const date = new Date(iso);
  const ago = Math.round(
    (new Date(date).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 86_400_000,
  );
  if (ago > -2)
    return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(Math.min(ago, 0), 'day');
  const isThisYear = date.getFullYear() === new Date().getFullYear();
  const year = isThisYear ? {} : ({ year: 'numeric' } as const);
  return new Intl.DateTimeFormat(language, {
    weekday: 'long',
    month: 'long',
    day: 'numeric',
    ...year,
  }).format(date);
}
