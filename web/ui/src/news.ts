import type { Entry, Room } from 'parlour-client';
import { t } from './locale.ts';
import { entrySender } from './people.ts';
import { isOwn } from './rows.ts';

/** So many announcements are kept: removing one is not announced. */
const KEPT = 5;

/** What came since the log was opened: to be announced, and to be counted while it is not in view. */
export class News {
  /** For screen readers, who hear nothing of what is loaded by scrolling. */
  spoken: readonly { key: string; text: string }[] = [];
  /** Messages of others that came and were not in view yet. */
  count = 0;
  #head: number | null = null;

  take(entries: readonly Entry[], room: Room, isAtEnd: boolean): void {
    const last = entries.findLast((entry) => entry.seq !== null)?.seq ?? null;
    const head = this.#head;
    // Shown around an old message, the log goes on with others that are no news.
    if (last !== null) this.#head = Math.max(last, head ?? room.head);
    if (isAtEnd) this.count = 0;
    if (head === null || last === null || last <= head) return;
    const fresh = entries.filter((it) => it.seq !== null && it.seq > head && !isOwn(it, room.you.member_id));
    if (!isAtEnd) this.count += fresh.length;
    const spoken = fresh.map((entry) => ({ key: entry.key, text: said(entry, room) }));
    this.spoken = [...this.spoken, ...spoken].slice(-KEPT);
  }
}

function said(entry: Entry, room: Room): string {
  const text = entry.type === 'sticker' ? `${t('sticker')} ${entry.body}` : (entry.body ?? '');
  return `${entrySender(room, entry)}: ${text}`;
}
