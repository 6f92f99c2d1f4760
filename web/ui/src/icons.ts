import { html, svg, type TemplateResult } from 'lit';

/** Outlines on a grid of 24, drawn with the text's colour. */
const PATHS = {
  archive: 'M4 8h16M5 8v10a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8M4 4h16v4H4zM10 12h4',
  back: 'M15 5l-7 7 7 7',
  bell: 'M6 17h12l-1.4-2V10a4.6 4.6 0 0 0-9.2 0v5zM10 20h4',
  bellOff: 'M6 17h12l-1.4-2V10a4.6 4.6 0 0 0-9.2 0v5zM10 20h4M4 4l16 16',
  block: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM6 6l12 12',
  bolt: 'M13 3L5 14h6l-1 7 8-11h-6z',
  chat: 'M5 6a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-5l-4 4v-4H7a2 2 0 0 1-2-2z',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  close: 'M6 6l12 12M18 6L6 18',
  compose: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  down: 'M6 9l6 6 6-6',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  exit: 'M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M10 8l-4 4 4 4M6 12h9',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  eyeOff:
    'M4 4l16 16M9.5 5.9A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a17 17 0 0 1-3 3.6M6 7.6A16 16 0 0 0 2.5 12S6 18.5 12 18.5a9 9 0 0 0 3.6-.8',
  flag: 'M5 21V4M5 4h12l-2.5 4L17 12H5',
  gift: 'M4 11h16v9H4zM3 7h18v4H3zM12 7v13M12 7S10.5 3 8.5 3a2 2 0 0 0 0 4zM12 7s1.5-4 3.5-4a2 2 0 0 1 0 4z',
  help: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.5 9.500a2.5 2.5 0 1 1 3.5 2.300c-.7.4-1 .9-1 1.700M12 16.800v.2',
  inbox: 'M4 13l2.5-8h11L20 13v6H4zM4 13h5l1 2.500h4l1-2.500h5',
  more: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
  people:
    'M9 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM3.5 19a5.5 5.5 0 0 1 11 0zM15.5 5.500a3 3 0 0 1 0 5.200M17 13.800a5.5 5.5 0 0 1 3.5 5.200H18',
  pin: 'M9 4h6l-.8 6 3.3 3v2H6.500v-2l3.3-3zM12 15v5',
  plus: 'M12 5v14M5 12h14',
  reply: 'M9 6L4 11l5 5M4 11h9a6 6 0 0 1 6 6v1',
  restore: 'M4 8h16M5 8v10a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8M4 4h16v4H4zM12 17v-6M9.5 13.300L12 11l2.5 2.3',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4.5 4.5',
  send: 'M5 12L4 4l17 8-17 8zM5 12h8',
  smile: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.5 14.500a4.5 4.5 0 0 0 7 0M9 9.500v.5M15 9.500v.5',
  sticker: 'M5 5h14v9l-5 5H5zM14 19v-5h5M9 9.500v.3M14.5 9.500v.3M9 13a3.5 3.5 0 0 0 3.5 1.5',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5.500M13.5 11v5.5',
  warning: 'M12 4L2.5 20h19zM12 10v5M12 17.500v.2',
} as const;

export type IconName = keyof typeof PATHS;

/** Icons that point somewhere turn around where one reads from right to left. */
const DIRECTED: ReadonlySet<IconName> = new Set(['back', 'exit', 'reply', 'send']);

export function icon(name: IconName, size = 20): TemplateResult {
  const className = DIRECTED.has(name) ? 'icon directed' : 'icon';
  const width = name === 'more' ? 3 : 1.8;
  return html`<svg
    class=${className}
    width=${size}
    height=${size}
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-width=${width}
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    ${svg`<path d=${PATHS[name]} />`}
  </svg>`;
}
