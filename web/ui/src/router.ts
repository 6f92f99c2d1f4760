/** Where in the page one is: `/inbox` or `/inbox/ID`. Back and forward lead where they should. */
export class Router {
  readonly #listeners = new Set<() => void>();

  /** @param base the page's own path, such as `/inbox` */
  constructor(readonly base: string) {}

  /** What comes after the page's own path, or null. */
  get id(): string | null {
    const { pathname } = location;
    const rest = pathname.startsWith(`${this.base}/`) ? pathname.slice(this.base.length + 1) : '';
    const [id = ''] = rest.split('/');
    try {
      return decodeURIComponent(id) || null;
    } catch {
      return null;
    }
  }

  /** The message that the address points to: `#42`. */
  get seq(): number | null {
    return /^#\d{1,15}$/.test(location.hash) ? Number(location.hash.slice(1)) : null;
  }

  href(id: string | null): string {
    return id === null ? this.base : `${this.base}/${encodeURIComponent(id)}`;
  }

  go(id: string | null): void {
    if (id === this.id) return;
    history.pushState(null, '', this.href(id));
    this.#tell();
  }

  /** Takes a click on a link to the page itself, unless it should open another tab. */
  follow(event: MouseEvent, id: string | null): void {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.go(id);
  }

  subscribe = (listener: () => void): (() => void) => {
    if (this.#listeners.size === 0) addEventListener('popstate', this.#tell);
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) removeEventListener('popstate', this.#tell);
    };
  };

  #tell = () => {
    for (const listener of [...this.#listeners]) listener();
  };
}
