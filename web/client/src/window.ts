import type { Message, SentMessage, Slot } from './types.js';

/** A part of a room's log without holes: everything from `first` to `last`, as far as there are messages. */
export class LogWindow {
  /** Replaced, never changed, so that it can be shown as it is. */
  messages: readonly SentMessage[] = [];
  /** The places covered: none while `first` is beyond `last`. */
  first = 1;
  last = 0;

  /** @param limit how many messages are held at most */
  constructor(readonly limit: number) {}

  /** Starts anew with a page; where it is empty everything up to `last` is known. */
  reset(slots: readonly Slot[], last: number): void {
    this.messages = slots.filter(isMessage).map(sent);
    this.first = slots[0]?.seq ?? last + 1;
    this.last = slots.at(-1)?.seq ?? last;
  }

  /** Adds what comes after `last`; whether earlier ones had to go for it. */
  append(slots: readonly Slot[]): boolean {
    const news = slots.filter((slot) => slot.seq > this.last);
    this.messages = [...this.messages, ...news.filter(isMessage).map(sent)];
    this.last = news.at(-1)?.seq ?? this.last;
    const over = this.messages.length - this.limit;
    if (over <= 0) return false;
    this.messages = this.messages.slice(over);
    this.first = this.messages[0]?.seq ?? this.first;
    return true;
  }

  /** Adds what comes before `first`; whether later ones had to go for it. */
  prepend(slots: readonly Slot[]): boolean {
    // The window has moved on while they were fetched: there is a hole between.
    if (slots.at(-1)?.seq !== this.first - 1) return false;
    this.messages = [...slots.filter(isMessage).map(sent), ...this.messages];
    this.first = slots[0]?.seq ?? this.first;
    if (this.messages.length <= this.limit) return false;
    this.messages = this.messages.slice(0, this.limit);
    this.last = this.messages.at(-1)?.seq ?? this.last;
    return true;
  }

  /** Puts a message in its place, unless what is held is newer; whether anything changed. */
  replace(message: Message): boolean {
    const at = this.messages.findIndex(({ seq }) => seq === message.seq);
    const held = this.messages[at];
    if (!held || held.rev > message.rev) return false;
    const messages = [...this.messages];
    messages[at] = sent(message);
    this.messages = messages;
    return true;
  }
}

/** Whether a message is still being written there: such a place is asked for again. */
export function isPending(slot: Slot): boolean {
  return !isMessage(slot) && slot.pending === true;
}

/** Whether a message stands there. Voids are places where none ever will. */
export function isMessage(slot: Slot): slot is Message {
  return 'id' in slot;
}

function sent(message: Message): SentMessage {
  return { ...message, key: message.client_id ?? message.id, status: 'sent' };
}
