import type { Entry, Member, Room } from 'parlour-client';
import { t } from './locale.ts';

/** The application's own id of a member: its id in the room, which has `user:` before it where that holds a colon. */
export function accountOf(member: Member): string {
  return member.user_id ?? member.id.replace(/^user:/, '');
}

export function nameOf(member: { id: string; name?: string | null; type?: string }): string {
  if (member.name) return member.name;
  if (member.type === 'guest') return t('guest');
  return member.type === 'admin' ? t('support') : member.id;
}

/** Everybody in the room but the viewer. */
export function othersOf(room: Room): Member[] {
  return room.members.filter((member) => member.id !== room.you.member_id);
}

/** What the room is called for its viewer. */
export function titleOf(room: Room): string {
  if (room.title) return room.title;
  const others = othersOf(room);
  if (room.kind === 'support') return room.user ? nameOf(room.user) : t('support');
  if (room.kind === 'listing' && room.listing) return room.listing.title;
  if (room.kind !== 'group') return others[0] ? nameOf(others[0]) : t('guest');
  const names = others.slice(0, 3).map(nameOf).join(', ');
  const more = room.member_count - 1 - Math.min(3, others.length);
  return names ? names + (more > 0 ? ` +${more}` : '') : t('groupOf', { n: room.member_count });
}

/** Whose picture stands for the room. */
export function faceOf(room: Room): { id: string; name: string; picture: string | null } {
  const [other] = othersOf(room);
  const isOne = room.kind !== 'group' && other;
  if (isOne) return { id: other.id, name: nameOf(other), picture: other.picture ?? null };
  return { id: room.id, name: titleOf(room), picture: null };
}

/** How a sender is named in a room that shows at most twenty of its members. */
export function senderName(room: Room, senderId: string, senderType: string): string {
  if (senderId === room.you.member_id) return t('you');
  if (senderType === 'system') return t('system');
  const member = room.members.find(({ id }) => id === senderId);
  if (member) return nameOf(member);
  return senderType === 'admin' ? t('support') : senderId;
}

export function entrySender(room: Room, entry: Entry): string {
  return entry.status === 'sent' ? senderName(room, entry.sender_id, entry.sender_type) : t('you');
}

/** The last message in a list: the server has put 🖼️ for a sticker already. */
export function previewOf(room: Room): string {
  const last = room.last_message;
  if (!last) return '';
  return last.deleted ? t('deleted') : last.preview;
}
