import { h } from './dom.ts';

/** Addresses as people write them; what follows a sentence is cut off below. */
const ADDRESS = /\b(?:https?:\/\/|mailto:)[^\s<>"'`]+/gi;

/** A text as nodes: addresses as links, and everything else, markup too, as text. */
export function linked(text: string): (Node | string)[] {
  const nodes: (Node | string)[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = found.replace(/[.,:;!?)\]}…]+$/, '');
    if (!URL.canParse(address)) continue;
    const link = h('a', { href: address, target: '_blank', rel: 'noopener nofollow ugc' }, address);
    nodes.push(text.slice(end, index), link);
    end = index + address.length;
  }
  return [...nodes, text.slice(end)];
}
