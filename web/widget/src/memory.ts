/** What is kept of a visitor's chat between pages. */
interface Kept {
  /** The token of the guest that the visitor is, until somebody signs in. */
  guest?: string | undefined;
  /** The room, so that it is shown, and posted into, without a connection too. */
  room?: string | undefined;
}

/** Remembers a chat in `localStorage`; for as long as the page lives where there is none. */
export class Memory {
  #kept: Kept;

  constructor(readonly key: string) {
    this.#kept = JSON.parse(read(key) ?? '{}');
  }

  get kept(): Kept {
    return this.#kept;
  }

  set kept(kept: Kept) {
    this.#kept = kept;
    write(this.key, kept.guest || kept.room ? JSON.stringify(kept) : null);
  }
}

export function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function write(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Forbidden, or full: then it is forgotten with the page.
  }
}
