import type { Entry } from 'parlour-client';
import { isSameDay } from './dates.ts';

/** A sender's message this soon after its previous one is shown as one with it. */
const GROUPED_MS = 60_000;

export type Row =
  | { kind: 'day'; key: string; at: Date }
  | { kind: 'unread'; key: string }
  | { kind: 'message'; key: string; entry: Entry; isGrouped: boolean; isLast: boolean };

export type MessageRow = Extract<Row, { kind: 'message' }>;

/** The message before the one that is looked at. */
interface Shown {
  at: Date;
  sender: string;
  row: MessageRow;
}

/** Who wrote it; what is not sent yet is one's own. */
function senderOf(entry: Entry, ownId: string): string {
  return entry.status === 'sent' ? `${entry.sender_type}:${entry.sender_id}` : `own:${ownId}`;
}

/** Whether it is the viewer's own: for a desk that is everything that any of its agents wrote. */
export function isOwn(entry: Entry, ownId: string): boolean {
  return entry.status !== 'sent' || entry.sender_id === ownId;
}

/**
 * The log as rows: a label before the first message of each day, a line before what was unread, and messages joined
 * to the previous one of the same sender if that is at most a minute old.
 */
export function rowsOf(entries: readonly Entry[], ownId: string, unreadAfter: number | null): Row[] {
  const rows: Row[] = [];
  let before: Shown | null = null;
  let isDivided = false;
  for (const entry of entries) {
    const at = new Date(entry.created_at);
    const own = isOwn(entry, ownId);
    const sender = own ? 'own' : senderOf(entry, ownId);
    const isNewDay: boolean = !before || !isSameDay(before.at, at);
    if (isNewDay) rows.push({ kind: 'day', key: `day ${at.toDateString()}`, at });
    const isUnread = unreadAfter !== null && !own && entry.seq !== null && entry.seq > unreadAfter;
    const divides: boolean = isUnread && !isDivided;
    if (divides) rows.push({ kind: 'unread', key: 'unread' });
    isDivided ||= divides;
    const isGrouped: boolean =
      !isNewDay &&
      !divides &&
      before?.sender === sender &&
      at.getTime() - before.at.getTime() <= GROUPED_MS &&
      entry.reply_to == null;
    if (before && isGrouped) before.row.isLast = false;
    const row: MessageRow = { kind: 'message', key: entry.key, entry, isGrouped, isLast: true };
    rows.push(row);
    before = { at, sender, row };
  }
  return rows;
}
