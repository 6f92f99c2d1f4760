import type { Room } from 'parlour-client';
import { t } from './locale.ts';
import { senderName } from './people.ts';

/** Who is typing, in words; an alias where that is all that is known. */
export function typingText(room: Room, typing: readonly string[]): string {
  const [a = '', b = ''] = typing.map((id) => senderName(room, id, typeOf(room, id)));
  if (typing.length === 0) return '';
  if (typing.length > 2) return t('typingMany');
  return typing.length === 1 ? t('typingOne', { name: a }) : t('typingTwo', { a, b });
}

function typeOf(room: Room, id: string): string {
  return room.members.find((member) => member.id === id)?.type ?? 'user';
}
