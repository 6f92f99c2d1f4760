import type { Parlour, Room, RoomHandle } from 'parlour-client';
import { ask } from 'parlour-ui/ask.ts';
import { t } from 'parlour-ui/locale.ts';
import { type MenuItem, openMenu } from 'parlour-ui/menu.ts';
import { accountOf, othersOf, titleOf } from 'parlour-ui/people.ts';
import { attempt, toast } from 'parlour-ui/toast.ts';
import type { Blocks } from './blocks.ts';
import { showMembers } from './members.ts';

/** What can be done with a room as a whole; true where the room is to be left for the list. */
export async function roomMenu(
  anchor: HTMLElement,
  parlour: Parlour,
  handle: RoomHandle,
  blocks: Blocks,
): Promise<boolean> {
  const { info } = handle.snapshot;
  if (!info) return false;
  const chosen = await openMenu(anchor, t('more'), itemsFor(info, blocks));
  const change = (what: object) => attempt(() => parlour.rooms.change(info.id, what));
  switch (chosen) {
    case 'pin':
      await change({ pinned: !info.you.pinned });
      break;
    case 'mute':
      await change({ muted: !info.you.muted });
      break;
    case 'hide':
      if (await change({ hidden: true })) toast(t('hidden'), () => void change({ hidden: false }));
      return true;
    case 'members':
      await showMembers(parlour, info);
      break;
    case 'rename':
      await rename(handle, change);
      break;
    case 'block':
      await block(info, blocks);
      break;
    case 'unblock':
      await unblock(info, blocks);
      break;
    case 'leave': {
      const question = {
        title: t('leaveTitle'),
        text: t('leaveText'),
        confirm: t('leave'),
        isDangerous: true,
      };
      return (await ask(question)) !== null && (await attempt(() => parlour.leave(handle)));
    }
  }
  if (chosen) await parlour.inbox.refresh(info.id);
  return false;
}

function itemsFor(info: Room, blocks: Blocks): MenuItem[] {
  const { pinned, muted } = info.you;
  const items: MenuItem[] = [
    { id: 'pin', label: t(pinned ? 'unpin' : 'pin'), icon: 'pin' },
    { id: 'mute', label: t(muted ? 'unmute' : 'mute'), icon: muted ? 'bell' : 'bellOff' },
    { id: 'hide', label: t('hide'), icon: 'eyeOff' },
  ];
  if (info.kind === 'group') {
    items.push({ id: 'members', label: t('members'), icon: 'people' });
    items.push({ id: 'rename', label: t('rename'), icon: 'edit' });
    items.push({ id: 'leave', label: t('leave'), icon: 'exit', isDangerous: true });
  }
  const [other] = othersOf(info);
  if (info.kind === 'direct' && other) {
    const isBlocked = blocks.has(accountOf(other));
    items.push(
      isBlocked
        ? { id: 'unblock', label: t('unblock'), icon: 'block' }
        : { id: 'block', label: t('block'), icon: 'block', isDangerous: true },
    );
  }
  return items;
}

async function rename(handle: RoomHandle, change: (what: object) => Promise<boolean>): Promise<void> {
  const value = handle.snapshot.info?.title ?? '';
  const field = { label: t('name'), value, maxLength: 200 };
  const title = await ask({ title: t('rename'), confirm: t('save'), field });
  if (title !== null) await change({ title: title || null });
}

async function block(info: Room, blocks: Blocks): Promise<void> {
  const [other] = othersOf(info);
  if (!other) return;
  const name = titleOf(info);
  const question = {
    title: t('blockTitle', { name }),
    text: t('blockText', { name }),
    confirm: t('block'),
    isDangerous: true,
  };
  if ((await ask(question)) === null) return;
  const id = accountOf(other);
  if (await attempt(() => blocks.block(id))) toast(t('blocked', { name }), () => void unblock(info, blocks));
}

async function unblock(info: Room, blocks: Blocks): Promise<void> {
  const [other] = othersOf(info);
  if (other && (await attempt(() => blocks.unblock(accountOf(other)))))
    toast(t('unblocked', { name: titleOf(info) }));
}
