import { html, type TemplateResult } from 'lit';

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]*[^\s<>"'`.,;:!?)\]}]/g;

/** A text as text, with its web addresses as links. Nothing in it is ever taken for markup. */
export function linked(text: string): (string | TemplateResult)[] {
  const parts: (string | TemplateResult)[] = [];
  let from = 0;
  for (const { 0: address, index } of text.matchAll(ADDRESS)) {
    if (index > from) parts.push(text.slice(from, index));
    parts.push(
      html`<a href=${address} target="_blank" rel="noopener noreferrer nofollow ugc">${address}</a>`,
    );
    from = index + address.length;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}

/** How the API counts characters. */
export function characters(text: string): number {
  return [...text].length;
}
