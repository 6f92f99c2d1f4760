/** An element with attributes and children; texts become text nodes, never markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const name in attributes) element.setAttribute(name, attributes[name] as string);
  element.append(...children);
  return element;
}

/** A picture of 24 by 24, drawn in lines. */
export function icon(path: string): SVGSVGElement {
  const make = <K extends keyof SVGElementTagNameMap>(tag: K) =>
    document.createElementNS('http://www.w3.org/2000/svg', tag);
  const svg = make('svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const line = make('path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

/** Adds styles in a way that needs no `unsafe-inline`. */
export function addStyles(shadow: ShadowRoot, css: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  shadow.adoptedStyleSheets.push(sheet);
}
